//! Users, their passwords and groups (manual §12.2), for `http_auth` and `http_auth_group`.

use std::collections::HashMap;

/// How a password is kept.
#[derive(Clone, PartialEq, Eq)]
pub enum Password {
    /// As it is (`insecure-password`).
    Plain(Vec<u8>),
    /// As crypt(3) text (`password`).
    Crypt(String),
}

/// One user.
#[derive(Clone)]
struct User {
    password: Option<Password>,
    groups: Vec<String>,
}

/// A userlist section.
#[derive(Clone, Default)]
pub struct Userlist {
    users: HashMap<Vec<u8>, User>,
}

impl std::fmt::Debug for Userlist {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // passwords stay out of every dump
        write!(f, "Userlist({} users)", self.users.len())
    }
}

impl Userlist {
    /// Adds a user; false when the name exists already. A user without a password can never log in.
    pub fn add_user(&mut self, name: &[u8], password: Option<Password>, groups: Vec<String>) -> bool {
        if self.users.contains_key(name) {
            return false;
        }
        self.users.insert(name.to_vec(), User { password, groups });
        true
    }

    /// Puts a known user into a group; false when the user is unknown.
    pub fn add_to_group(&mut self, user: &[u8], group: &str) -> bool {
        match self.users.get_mut(user) {
            Some(user) => {
                if !user.groups.iter().any(|known| known == group) {
                    user.groups.push(group.to_owned());
                }
                true
            }
            None => false,
        }
    }

    /// True when the user exists and the password fits.
    pub fn check(&self, name: &[u8], password: &[u8]) -> bool {
        let Some(user) = self.users.get(name) else { return false };
        match &user.password {
            None => false,
            Some(Password::Plain(known)) => equal(known, password),
            Some(Password::Crypt(known)) => crypt_fits(known, password),
        }
    }

    /// Groups of a user.
    pub fn groups(&self, name: &[u8]) -> &[String] {
        self.users.get(name).map_or(&[], |user| &user.groups)
    }
}

fn crypt_fits(known: &str, password: &[u8]) -> bool {
    // methods of crypt(3) stop at a zero byte
    let password = password.split(|byte| *byte == 0).next().unwrap_or_default();
    pwhash::unix::verify(password, known)
}

/// Compares in time that does not depend on where the texts differ.
pub fn equal(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}
