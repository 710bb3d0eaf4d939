//! Settings under /proc/sys/net, changed and put back.

use std::fs;
use std::io;
use std::path::PathBuf;

use keepalived_conf::model::Family;

/// A setting of one interface.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Setting {
    /// IPv4 or IPv6 tree.
    pub family: Family,
    /// Interface name.
    pub interface: String,
    /// Name of the file.
    pub name: &'static str,
}

/// A change that remembers what was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    setting: Setting,
    before: String,
    ours: String,
}

impl Setting {
    fn path(&self) -> PathBuf {
        let tree = match self.family {
            Family::Inet => "ipv4",
            Family::Inet6 => "ipv6",
        };
        PathBuf::from(format!("/proc/sys/net/{tree}/conf/{}/{}", self.interface, self.name))
    }

    /// The present value.
    pub fn read(&self) -> io::Result<String> {
        Ok(fs::read_to_string(self.path())?.trim_end().to_owned())
    }

    /// Writes a value.
    pub fn write(&self, value: &str) -> io::Result<()> {
        fs::write(self.path(), value)
    }

    /// Writes a value, and remembers the old one if it was another.
    pub fn change(self, value: &str) -> io::Result<Option<Saved>> {
        let before = self.read()?;
        if before == value {
            return Ok(None);
        }
        self.write(value)?;
        Ok(Some(Saved { setting: self, before, ours: value.to_owned() }))
    }
}

impl Saved {
    /// Puts the old value back, unless somebody else has changed it since.
    pub fn restore(&self) -> io::Result<()> {
        if self.setting.read()? == self.ours { self.setting.write(&self.before) } else { Ok(()) }
    }
}

/// Whether an interface forwards IPv6.
pub fn forwards_ipv6(interface: &str) -> bool {
    let setting = Setting { family: Family::Inet6, interface: interface.to_owned(), name: "forwarding" };
    setting.read().is_ok_and(|value| value != "0")
}
