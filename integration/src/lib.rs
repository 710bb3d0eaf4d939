//! Helpers shared by the test programs that run the built daemons from outside.
