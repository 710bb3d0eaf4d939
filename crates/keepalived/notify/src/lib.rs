//! Scripts, FIFOs, SMTP, trackers of scripts, files and processes.
