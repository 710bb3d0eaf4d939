//! Variables (configuration manual §2.8): names become numbers at load, stores are short lists.

use std::collections::HashMap;
use std::sync::RwLock;

use crate::value::Value;

/// Number of a variable's name, unique within the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VarId(pub u32);

/// Variables of one scope of one session, transaction or message.
#[derive(Debug, Default)]
pub struct VarStore {
    slots: Vec<(VarId, Value<'static>)>,
}

impl VarStore {
    /// The variable's value.
    pub fn value(&self, id: VarId) -> Option<&Value<'static>> {
        self.slots.iter().find(|(slot, _)| *slot == id).map(|(_, value)| value)
    }

    /// Sets or replaces the variable.
    pub fn set(&mut self, id: VarId, value: Value<'static>) {
        match self.slots.iter_mut().find(|(slot, _)| *slot == id) {
            Some((_, old)) => *old = value,
            None => self.slots.push((id, value)),
        }
    }

    /// Removes the variable; true when it was there.
    pub fn unset(&mut self, id: VarId) -> bool {
        let before = self.slots.len();
        self.slots.retain(|(slot, _)| *slot != id);
        before != self.slots.len()
    }

    /// Forgets all, keeping the allocation.
    pub fn clear(&mut self) {
        self.slots.clear();
    }
}

/// A value that threads may share: the `proc` scope.
#[derive(Clone, Debug, PartialEq)]
pub enum SharedValue {
    /// Boolean.
    Bool(bool),
    /// Integer.
    Int(i64),
    /// Address.
    Addr(std::net::IpAddr),
    /// Text.
    Str(Vec<u8>),
    /// Bytes.
    Bin(Vec<u8>),
}

/// Variables of scope `proc`: one per process, behind a lock that only their users take.
#[derive(Debug, Default)]
pub struct ProcessVars {
    slots: RwLock<HashMap<u32, SharedValue>>,
}

impl ProcessVars {
    /// The variable's value.
    pub fn value(&self, id: VarId) -> Option<SharedValue> {
        self.slots.read().unwrap_or_else(|broken| broken.into_inner()).get(&id.0).cloned()
    }

    /// Sets, replaces or (with None) removes the variable.
    pub fn set(&self, id: VarId, value: Option<SharedValue>) {
        let mut slots = self.slots.write().unwrap_or_else(|broken| broken.into_inner());
        match value {
            Some(value) => slots.insert(id.0, value),
            None => slots.remove(&id.0),
        };
    }
}
