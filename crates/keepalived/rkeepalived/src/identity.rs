//! Names and numbers of the program.

/// The version whose configuration and behaviour this program has.
pub const VERSION: &str = concat!("v2.4.3 (rkeepalived ", env!("CARGO_PKG_VERSION"), ")");
/// First line of `-v`; tools take its second word as the version.
pub const TITLE: &str = concat!("Keepalived v2.4.3 (rkeepalived ", env!("CARGO_PKG_VERSION"), ")");
/// Kernel name of every process: what `pidof keepalived` and `killall keepalived` look for.
pub const COMM: &str = "keepalived";

/// Exit codes.
pub mod exit {
    /// Stopped in order.
    pub const OK: u8 = 0;
    /// Cannot work; also a mistake on the command line.
    pub const FATAL: u8 = 1;
    /// The configuration cannot be run.
    pub const CONFIG: u8 = 2;
    /// Rights are missing.
    pub const MISSING_PERMISSION: u8 = 4;
    /// There is no configuration.
    pub const NO_CONFIG: u8 = 6;
}

/// A child process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Health checkers.
    Check,
    /// VRRP.
    Vrrp,
    /// BFD.
    Bfd,
}

/// What differs between the children.
pub struct About {
    /// In `Starting X child process` and `X child process(n) died`.
    pub title: &'static str,
    /// In `Restart of X process` and `X process failed to die`.
    pub short: &'static str,
    /// Syslog name.
    pub ident: &'static str,
    /// Stem of its pidfile.
    pub pidfile: &'static str,
}

impl Role {
    /// In the order of starting.
    pub const ALL: [Self; 3] = [Self::Check, Self::Vrrp, Self::Bfd];

    /// Its names.
    pub fn about(self) -> &'static About {
        match self {
            Self::Check => &About {
                title: "Healthcheck",
                short: "checker",
                ident: "Keepalived_healthcheckers",
                pidfile: "checkers",
            },
            Self::Vrrp => &About { title: "VRRP", short: "vrrp", ident: "Keepalived_vrrp", pidfile: "vrrp" },
            Self::Bfd => &About { title: "BFD", short: "bfd", ident: "Keepalived_bfd", pidfile: "bfd" },
        }
    }
}
