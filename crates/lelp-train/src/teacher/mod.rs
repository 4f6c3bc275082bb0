//! Classifier heads on frozen encoders, and the signals they give.
