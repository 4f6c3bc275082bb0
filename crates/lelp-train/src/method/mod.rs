//! What a student is trained to match.
