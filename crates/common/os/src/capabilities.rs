//! What this process may do.

use std::io;

pub use caps::Capability;
use caps::{CapSet, CapsHashSet};

/// Whether a capability is in the effective set.
pub fn has(capability: Capability) -> bool {
    caps::has_cap(None, CapSet::Effective, capability).unwrap_or(false)
}

/// Keeps `wanted` of what is permitted and drops the rest for good.
pub fn keep_only(wanted: &[Capability]) -> io::Result<()> {
    let permitted = caps::read(None, CapSet::Permitted).map_err(io::Error::other)?;
    let keep: CapsHashSet = wanted.iter().copied().filter(|one| permitted.contains(one)).collect();
    caps::set(None, CapSet::Inheritable, &CapsHashSet::new()).map_err(io::Error::other)?;
    caps::set(None, CapSet::Effective, &keep).map_err(io::Error::other)?;
    caps::set(None, CapSet::Permitted, &keep).map_err(io::Error::other)?;
    Ok(())
}

/// Lets the permitted capabilities survive a change of the user id.
pub fn keep_over_setuid() -> io::Result<()> {
    Ok(nix::sys::prctl::set_keepcaps(true)?)
}
