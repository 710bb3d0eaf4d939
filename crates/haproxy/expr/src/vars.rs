//! Variables (configuration manual §2.8): names become numbers at load, stores are short lists.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock};

use crate::fault::Fault;
use crate::value::{Bytes, Value};

/// Number of a variable's name, unique within the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VarId(pub u32);

/// How long a variable lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The process.
    Proc,
    /// The client connection.
    Sess,
    /// The transaction.
    Txn,
    /// The request.
    Req,
    /// The response.
    Res,
    /// A health check.
    Check,
    /// The session of the parent stream; there is none, so it never has a value.
    ParentSess,
    /// The transaction of the parent stream.
    ParentTxn,
    /// The request of the parent stream.
    ParentReq,
    /// The response of the parent stream.
    ParentRes,
}

const SCOPES: &[(&str, Scope)] = &[
    ("proc.", Scope::Proc),
    ("sess.", Scope::Sess),
    ("txn.", Scope::Txn),
    ("req.", Scope::Req),
    ("res.", Scope::Res),
    ("check.", Scope::Check),
    ("psess.", Scope::ParentSess),
    ("ptxn.", Scope::ParentTxn),
    ("preq.", Scope::ParentReq),
    ("pres.", Scope::ParentRes),
];

/// A variable as rules name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VarRef {
    /// How long it lives.
    pub scope: Scope,
    /// Its name's number.
    pub id: VarId,
}

impl VarRef {
    /// Reads `scope.name`.
    pub fn parse(text: &str, names: &VarNames) -> Result<VarRef, Fault> {
        let Some((prefix, scope)) = SCOPES.iter().find(|(prefix, _)| text.starts_with(prefix)) else {
            return Err(Fault::new(format!(
                "invalid variable name '{text}'. A variable name must be start by its scope. The scope can be 'proc', 'sess', 'txn', 'req', 'res' or 'check'"
            )));
        };
        let name = &text[prefix.len()..];
        if let Some(at) = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            return Err(Fault::new(format!("invalid syntax at char '{}'", &name[at..])));
        }
        Ok(VarRef { scope: *scope, id: names.intern(name) })
    }
}

/// All names of variables of a process and their numbers. Names are never forgotten: they come from configurations.
#[derive(Debug, Default)]
pub struct VarNames {
    table: Mutex<(HashMap<String, u32>, Vec<String>)>,
}

impl VarNames {
    /// The number of a name, a new one when it was never seen.
    pub fn intern(&self, name: &str) -> VarId {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = table.0.get(name) {
            return VarId(*id);
        }
        let id = table.1.len() as u32;
        table.1.push(name.to_owned());
        table.0.insert(name.to_owned(), id);
        VarId(id)
    }

    /// The number of a name, if it was ever seen.
    pub fn find(&self, name: &str) -> Option<VarId> {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.0.get(name).copied().map(VarId)
    }

    /// The name of a number.
    pub fn name(&self, id: VarId) -> Option<String> {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.1.get(id.0 as usize).cloned()
    }
}

/// Variables of one scope of one session, transaction or message.
#[derive(Debug, Default)]
pub struct VarStore {
    slots: Vec<(VarId, Value<'static>)>,
    bytes: usize,
}

/// What one variable costs beside its text, as `tune.vars` limits count it.
const VAR_OVERHEAD_BYTES: usize = 64;

fn cost(value: &Value<'_>) -> usize {
    let text = match value {
        Value::Str(bytes) | Value::Bin(bytes) | Value::Meth(_, bytes) => bytes.len(),
        Value::Bool(_) | Value::Int(_) | Value::Ipv4(_) | Value::Ipv6(_) => 0,
    };
    VAR_OVERHEAD_BYTES + text
}

impl VarStore {
    /// The variable's value.
    pub fn value(&self, id: VarId) -> Option<&Value<'static>> {
        self.slots.iter().find(|(slot, _)| *slot == id).map(|(_, value)| value)
    }

    /// Sets or replaces the variable.
    pub fn set(&mut self, id: VarId, value: Value<'static>) {
        let added = cost(&value);
        match self.slots.iter_mut().find(|(slot, _)| *slot == id) {
            Some((_, old)) => {
                self.bytes = self.bytes + added - cost(old);
                *old = value;
            }
            None => {
                self.bytes += added;
                self.slots.push((id, value));
            }
        }
    }

    /// Sets the variable unless the store would then hold more than `limit` bytes (0: no limit); true when done.
    pub fn set_within(&mut self, id: VarId, value: Value<'static>, limit: usize) -> bool {
        let old = self.value(id).map_or(0, cost);
        if limit != 0 && self.bytes - old + cost(&value) > limit {
            return false;
        }
        self.set(id, value);
        true
    }

    /// Removes the variable; true when it was there.
    pub fn unset(&mut self, id: VarId) -> bool {
        let Some(at) = self.slots.iter().position(|(slot, _)| *slot == id) else { return false };
        let (_, old) = self.slots.remove(at);
        self.bytes -= cost(&old);
        true
    }

    /// Forgets all, keeping the allocation.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.bytes = 0;
    }

    /// All variables in the order they were first set.
    pub fn iter(&self) -> impl Iterator<Item = (VarId, &Value<'static>)> {
        self.slots.iter().map(|(id, value)| (*id, value))
    }

    /// Bytes held, as `tune.vars` limits count them.
    pub fn bytes(&self) -> usize {
        self.bytes
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

impl SharedValue {
    /// The same value as expressions handle it.
    pub fn into_value(self) -> Value<'static> {
        match self {
            SharedValue::Bool(value) => Value::Bool(value),
            SharedValue::Int(value) => Value::Int(value),
            SharedValue::Addr(std::net::IpAddr::V4(value)) => Value::Ipv4(value),
            SharedValue::Addr(std::net::IpAddr::V6(value)) => Value::Ipv6(value),
            SharedValue::Str(bytes) => Value::Str(Bytes::Owned(bytes)),
            SharedValue::Bin(bytes) => Value::Bin(Bytes::Owned(bytes)),
        }
    }
}

impl From<Value<'_>> for SharedValue {
    fn from(value: Value<'_>) -> SharedValue {
        match value {
            Value::Bool(value) => SharedValue::Bool(value),
            Value::Int(value) => SharedValue::Int(value),
            Value::Ipv4(value) => SharedValue::Addr(value.into()),
            Value::Ipv6(value) => SharedValue::Addr(value.into()),
            Value::Str(bytes) | Value::Meth(_, bytes) => SharedValue::Str(bytes.into_vec()),
            Value::Bin(bytes) => SharedValue::Bin(bytes.into_vec()),
        }
    }
}

/// Variables of scope `proc`: one per process, behind a lock that only their users take.
#[derive(Debug, Default)]
pub struct ProcessVars {
    slots: RwLock<HashMap<u32, SharedValue>>,
}

impl ProcessVars {
    /// The variable's value.
    pub fn value(&self, id: VarId) -> Option<SharedValue> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner).get(&id.0).cloned()
    }

    /// Sets, replaces or (with None) removes the variable.
    pub fn set(&self, id: VarId, value: Option<SharedValue>) {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        match value {
            Some(value) => slots.insert(id.0, value),
            None => slots.remove(&id.0),
        };
    }

    /// Numbers of all variables that have a value.
    pub fn ids(&self) -> Vec<VarId> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner).keys().map(|id| VarId(*id)).collect()
    }
}

/// Conditions of `set-var` (manual §7.3.1): all must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetIf(u32);

/// Whether a condition holds for a variable of this scope, its old value and the new one.
type Holds = fn(Scope, Option<&Value<'_>>, &Value<'_>) -> bool;

const CONDITIONS: [(&str, Holds); 8] = [
    // a variable of the process exists since the configuration that names it was read
    ("ifexists", |scope, old, _| scope == Scope::Proc || old.is_some()),
    ("ifnotexists", |scope, old, _| scope != Scope::Proc && old.is_none()),
    ("ifempty", |_, _, new| empty(new)),
    ("ifnotempty", |_, _, new| !empty(new)),
    ("ifset", |_, old, _| old.is_some()),
    ("ifnotset", |_, old, _| old.is_none()),
    ("ifgt", |_, old, new| ints(old, new).is_none_or(|(old, new)| old > new)),
    ("iflt", |_, old, new| ints(old, new).is_none_or(|(old, new)| old < new)),
];

fn empty(value: &Value<'_>) -> bool {
    matches!(value, Value::Str(bytes) | Value::Bin(bytes) | Value::Meth(_, bytes) if bytes.is_empty())
}

fn ints(old: Option<&Value<'_>>, new: &Value<'_>) -> Option<(i64, i64)> {
    match (old, new) {
        (Some(Value::Int(old)), Value::Int(new)) => Some((*old, *new)),
        _ => None,
    }
}

impl SetIf {
    /// Adds the condition of a word.
    pub fn add(&mut self, word: &str) -> Result<(), Fault> {
        match CONDITIONS.iter().position(|(name, _)| *name == word) {
            Some(at) => {
                self.0 |= 1 << at;
                Ok(())
            }
            None => Err(Fault::new(format!("unknown condition \"{word}\""))),
        }
    }

    /// All conditions as bits, to keep them in an argument.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The conditions of bits.
    pub const fn from_bits(bits: u32) -> SetIf {
        SetIf(bits)
    }

    /// True when the new value may replace the old one of a variable of this scope.
    pub fn hold(self, scope: Scope, old: Option<&Value<'_>>, new: &Value<'_>) -> bool {
        CONDITIONS.iter().enumerate().all(|(at, (_, holds))| self.0 & 1 << at == 0 || holds(scope, old, new))
    }
}
