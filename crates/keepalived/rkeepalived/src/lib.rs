//! The program: arguments, parent and children, signals, pidfiles.
