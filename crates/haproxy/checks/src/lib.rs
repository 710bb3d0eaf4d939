//! The health machine and every check kind; sans-io.
