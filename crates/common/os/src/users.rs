//! Looking up users and groups, and becoming one.

use std::io;

use nix::unistd::{Gid, Group, Uid, User, getgrouplist, setgid, setgroups, setuid};

/// A user as the system's databases know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Login name; the number as text if it has none.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Group id of its primary group.
    pub gid: u32,
}

/// A user by name or number.
pub fn user(word: &str) -> io::Result<Option<Account>> {
    let found = match word.parse() {
        Ok(uid) => User::from_uid(Uid::from_raw(uid)),
        Err(_) => User::from_name(word),
    }?;
    Ok(found.map(|user| Account { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw() }))
}

/// A group's id by name or number.
pub fn group(word: &str) -> io::Result<Option<u32>> {
    if let Ok(gid) = word.parse() {
        return Ok(Some(gid));
    }
    Ok(Group::from_name(word)?.map(|group| group.gid.as_raw()))
}

/// The supplementary groups of a user, its primary group among them.
pub fn groups_of(account: &Account) -> io::Result<Vec<u32>> {
    let name = std::ffi::CString::new(account.name.as_str()).map_err(io::Error::other)?;
    let groups = getgrouplist(&name, Gid::from_raw(account.gid))?;
    Ok(groups.into_iter().map(Gid::as_raw).collect())
}

/// Becomes a user for good: groups first, the user id last. With no `groups` only `gid` is kept.
pub fn become_user(uid: u32, gid: u32, groups: &[u32]) -> io::Result<()> {
    let groups: Vec<Gid> = groups.iter().copied().map(Gid::from_raw).collect();
    setgroups(&groups)?;
    setgid(Gid::from_raw(gid))?;
    Ok(setuid(Uid::from_raw(uid))?)
}
