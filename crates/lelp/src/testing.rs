//! Made-up teachers for tests.
