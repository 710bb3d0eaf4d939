//! The environment the configuration sees: a copy of the process's, changed by `setenv` and its family line by line.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStringExt;

use bstr::{BStr, BString, ByteSlice};

/// A name that cannot be a variable's. The text is what the original prints after `failed on variable 'x' : `.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid argument")]
pub struct EnvError;

/// Variables by name. Changing it does not touch the process; the program exports it where children need it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    vars: BTreeMap<BString, BString>,
}

impl Environment {
    /// No variable at all.
    pub fn new() -> Self {
        Environment::default()
    }

    /// A copy of the process's environment.
    pub fn from_process() -> Self {
        let vars = std::env::vars_os()
            .map(|(name, value)| (BString::from(name.into_vec()), BString::from(value.into_vec())))
            .collect();
        Environment { vars }
    }

    /// A variable's value; `None` when it does not exist.
    pub fn get(&self, name: &[u8]) -> Option<&BStr> {
        self.vars.get(name.as_bstr()).map(|value| value.as_bstr())
    }

    /// `setenv`: sets or replaces.
    pub fn set(&mut self, name: &[u8], value: &[u8]) -> Result<(), EnvError> {
        check_name(name)?;
        self.vars.insert(name.into(), value.into());
        Ok(())
    }

    /// `presetenv`: sets only what does not exist yet.
    pub fn preset(&mut self, name: &[u8], value: &[u8]) -> Result<(), EnvError> {
        check_name(name)?;
        self.vars.entry(name.into()).or_insert_with(|| value.into());
        Ok(())
    }

    /// `unsetenv`: removes; not an error when it does not exist.
    pub fn unset(&mut self, name: &[u8]) -> Result<(), EnvError> {
        check_name(name)?;
        self.vars.remove(name.as_bstr());
        Ok(())
    }

    /// `resetenv`: removes all but the named ones.
    pub fn reset<'a>(&mut self, keep: impl IntoIterator<Item = &'a [u8]>) {
        let mut old = std::mem::take(&mut self.vars);
        for name in keep {
            if let Some((name, value)) = old.remove_entry(name.as_bstr()) {
                self.vars.insert(name, value);
            }
        }
    }

    /// All variables, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&BStr, &BStr)> {
        self.vars.iter().map(|(name, value)| (name.as_bstr(), value.as_bstr()))
    }
}

fn check_name(name: &[u8]) -> Result<(), EnvError> {
    if name.is_empty() || name.contains(&b'=') || name.contains(&0) {
        return Err(EnvError);
    }
    Ok(())
}
