//! Expressions: a fetch and the converters after it, compiled at load.

use crate::arg::{self, Arg};
use crate::at::Contexts;
use crate::cast;
use crate::cx::Cx;
use crate::fault::Fault;
use crate::got::Got;
use crate::load::ParseCx;
use crate::row::{ConvertFn, Fetch, FetchFn, Run, Walk};
use crate::value::{Type, Value};

/// A compiled expression.
#[derive(Debug)]
pub struct Expr {
    run: FetchFn,
    args: Box<[Arg]>,
    steps: Box<[Step]>,
    fetch: &'static str,
    out: Type,
    at: crate::at::Use,
}

#[derive(Debug)]
struct Step {
    input: Type,
    run: ConvertFn,
    args: Box<[Arg]>,
}

/// Whose argument list is read, for messages.
#[derive(Clone, Copy, Debug)]
pub struct Who<'a> {
    /// The fetch at the head of the expression.
    pub fetch: &'a str,
    /// The converter, when it is not the fetch's own list.
    pub converter: Option<&'a str>,
}

impl Expr {
    /// Reads one whole word.
    pub fn parse(text: &str, cx: &mut ParseCx<'_>) -> Result<Expr, Fault> {
        let (expr, rest) = Expr::parse_head(text, cx)?;
        if rest.is_empty() { Ok(expr) } else { Err(after(&text[..text.len() - rest.len()])) }
    }

    /// Reads an expression from words: converters may follow as words of their own, as old configurations write them.
    /// Gives the number of words taken.
    pub fn parse_words(words: &[&str], cx: &mut ParseCx<'_>) -> Result<(Expr, usize), Fault> {
        let Some((first, others)) = words.split_first().filter(|(first, _)| !first.is_empty()) else {
            return Err(Fault::new("missing fetch method"));
        };
        let mut expr = Expr::parse(first, cx)?;
        let mut taken = 1;
        for word in others {
            let name = &word[..word.find(|c| !is_name(c)).unwrap_or(word.len())];
            if cx.load.registry.converter(name).is_none() {
                break;
            }
            let mut steps = Vec::from(std::mem::take(&mut expr.steps));
            let rest = expr.read_steps(&format!(",{word}"), &mut steps, cx).map(str::len)?;
            expr.steps = steps.into();
            if rest != 0 {
                return Err(after(word));
            }
            taken += 1;
        }
        Ok((expr, taken))
    }

    /// Reads an expression at the head of `text`; also gives what follows it.
    pub fn parse_head<'t>(text: &'t str, cx: &mut ParseCx<'_>) -> Result<(Expr, &'t str), Fault> {
        let (name, rest) = text.split_at(text.find(|c| !is_name(c)).unwrap_or(text.len()));
        if name.is_empty() {
            return Err(Fault::new("missing fetch method"));
        }
        let Some(row) = cx.load.registry.fetch(name) else {
            return Err(Fault::new(format!("unknown fetch method '{name}'")).hint(suggest_fetch(name, cx)));
        };
        let (mut expr, rest) = Expr::of_fetch(row, rest, cx)?;
        let mut steps = Vec::new();
        let rest = expr.read_steps(rest, &mut steps, cx)?;
        expr.steps = steps.into();
        Ok((expr, rest))
    }

    fn of_fetch<'t>(
        row: &'static Fetch,
        text: &'t str,
        cx: &mut ParseCx<'_>,
    ) -> Result<(Expr, &'t str), Fault> {
        let name = row.name;
        let run = match row.run {
            Run::Built(run) => run,
            Run::NotBuilt(why) => {
                return Err(Fault::new(format!("fetch method '{name}' is not available : {why}")));
            }
        };
        let who = Who { fetch: name, converter: None };
        let (mut args, rest) = arg::parse_list(text, row.args, who, cx)
            .map_err(|(_, fault)| fault.within(|text| format!("fetch method '{name}' : {text}")))?;
        if let Some(check) = row.check {
            check(&mut args, cx).map_err(|fault| {
                fault.within(|text| format!("invalid args in fetch method '{name}' : {text}"))
            })?;
        }
        let expr = Expr {
            run,
            args: args.into_vec().into(),
            steps: Box::default(),
            fetch: name,
            out: row.out,
            at: row.at,
        };
        Ok((expr, rest))
    }

    fn read_steps<'t>(
        &mut self,
        mut text: &'t str,
        steps: &mut Vec<Step>,
        cx: &mut ParseCx<'_>,
    ) -> Result<&'t str, Fault> {
        while text.starts_with(',') {
            let head = text.trim_start_matches(',');
            let (name, rest) = head.split_at(head.find(|c| !is_name(c)).unwrap_or(head.len()));
            let Some(row) = cx.load.registry.converter(name) else {
                return Err(
                    Fault::new(format!("unknown converter '{name}'")).hint(suggest_converter(name, cx))
                );
            };
            let run = match row.run {
                Run::Built(run) => run,
                Run::NotBuilt(why) => {
                    return Err(Fault::new(format!("converter '{name}' is not available : {why}")));
                }
            };
            if !cast::possible(self.out, row.input) {
                return Err(Fault::new(format!("converter '{name}' cannot be applied")));
            }
            let who = Who { fetch: self.fetch, converter: Some(name) };
            let (mut args, rest) = arg::parse_list(rest, row.args, who, cx).map_err(|(number, fault)| {
                fault.within(|text| format!("invalid arg {number} in converter '{name}' : {text}"))
            })?;
            if let Some(check) = row.check {
                check(&mut args, cx).map_err(|fault| {
                    fault.within(|text| format!("invalid args in converter '{name}' : {text}"))
                })?;
            }
            steps.push(Step { input: row.input, run, args: args.into_vec().into() });
            if row.out != Type::Same {
                self.out = row.out;
            }
            text = rest;
        }
        Ok(text)
    }

    /// Type of the value.
    pub fn out(&self) -> Type {
        self.out
    }

    /// Name of the fetch at its head.
    pub fn fetch(&self) -> &'static str {
        self.fetch
    }

    /// True when converters follow the fetch.
    pub fn has_steps(&self) -> bool {
        !self.steps.is_empty()
    }

    /// Facts the fetch needs.
    pub fn at(&self) -> crate::at::Use {
        self.at
    }

    /// Places where the fetch has what it needs.
    pub fn contexts(&self) -> Contexts {
        self.at.contexts()
    }

    /// Computes the value; several-valued fetches give the last one, as the original does.
    pub fn eval<'a>(&'a self, cx: &Cx<'a>) -> Got<Value<'a>> {
        self.next(cx, &mut Walk::default())
    }

    /// Computes the value as a type.
    pub fn eval_as<'a>(&'a self, cx: &Cx<'a>, to: Type) -> Got<Value<'a>> {
        self.eval(cx).and_then(|value| cast::cast(value, to).into())
    }

    /// Appends the value's text; false when there is no value.
    pub fn write(&self, cx: &Cx<'_>, out: &mut Vec<u8>) -> bool {
        match self.eval(cx).ok() {
            Some(value) => {
                cast::write_text(&value, out);
                true
            }
            None => false,
        }
    }

    /// Computes the next value of a walk over all of them; `walk.more` tells whether to call again.
    pub fn next<'a>(&'a self, cx: &Cx<'a>, walk: &mut Walk) -> Got<Value<'a>> {
        walk.more = false;
        walk.may_change = false;
        let mut value = match (self.run)(&self.args, cx, walk) {
            Got::Is(value) => value,
            other => return other,
        };
        for step in &self.steps {
            let Some(input) = cast::cast(value, step.input) else { return Got::Missing };
            value = match (step.run)(input, &step.args, cx) {
                Got::Is(value) => value,
                other => return other,
            };
        }
        Got::Is(value)
    }
}

/// Letters of keywords.
pub(crate) fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | ':')
}

fn after(read: &str) -> Fault {
    Fault::new(format!("missing comma after '{read}'"))
}

fn suggest_fetch(name: &str, cx: &ParseCx<'_>) -> Option<String> {
    crate::suggest::closest(name, cx.load.registry.fetches().into_iter().map(|row| row.name))
}

fn suggest_converter(name: &str, cx: &ParseCx<'_>) -> Option<String> {
    crate::suggest::closest(name, cx.load.registry.converters().into_iter().map(|row| row.name))
}
