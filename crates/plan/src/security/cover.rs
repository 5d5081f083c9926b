//! Whether what is allowed now was allowed before.
//!
//! Decided per statement, by cases of target, principal, action and resource: a case that is new widens access unless
//! an earlier statement allowed it under conditions no stricter. Denials are turned round: one that goes widens access
//! unless a later one denies the same under conditions no stricter. Where two texts cannot be compared for certain,
//! access is said to widen.

use std::{
    cell::OnceCell,
    collections::{HashMap, HashSet},
};

use super::{
    condition,
    effort::Effort,
    pattern::Pattern,
    statement::{Clause, Statement},
};
use crate::{Effect, StatementKind, Widening};

/// What AWS says of all that may be done on all there is.
const ADMINISTRATOR: &str = ":iam::aws:policy/AdministratorAccess";

/// The statements of one template, ready to be asked what they cover.
pub(super) struct Policies<'a> {
    statements: Vec<Prepared<'a>>,
    /// Places of the statements that name a principal.
    by_principal: HashMap<&'a str, Vec<usize>>,
    /// Places of the statements that may name any principal.
    of_any: Vec<usize>,
    /// Resources of the other template that are not in this one, nor left behind.
    absent: &'a HashSet<String>,
    effort: Effort,
}

/// A statement with its patterns taken apart, once they are asked for: of most statements they never are.
struct Prepared<'a> {
    statement: &'a Statement,
    actions: OnceCell<Vec<Pattern>>,
    resources: OnceCell<Vec<Pattern>>,
}

/// In what a statement goes further than another one: what it says of each, as it is written.
struct Lack<'l> {
    inner: &'l Statement,
    principals: Vec<&'l str>,
    actions: Vec<&'l str>,
    resources: Vec<&'l str>,
    /// Conditions that it does not have.
    dropped: Vec<String>,
    /// Conditions of the template that it does not have.
    freed: Vec<&'l String>,
}

impl<'a> Prepared<'a> {
    fn of(statement: &'a Statement) -> Self {
        Self {
            statement,
            actions: OnceCell::new(),
            resources: OnceCell::new(),
        }
    }

    fn actions(&self) -> &[Pattern] {
        let read = |text: &str| Pattern::glob(text).ignoring_case();
        let actions = &self.statement.actions;
        self.actions.get_or_init(|| patterns(actions, read))
    }

    fn resources(&self) -> &[Pattern] {
        let resources = &self.statement.resources;
        self.resources
            .get_or_init(|| patterns(resources, Pattern::glob))
    }
}

impl<'a> Policies<'a> {
    /// `statements` must hold what [`reached`] adds to them.
    pub(super) fn of(statements: &[&'a Statement], absent: &'a HashSet<String>) -> Self {
        let mut by_principal: HashMap<&str, Vec<usize>> = HashMap::with_capacity(statements.len());
        let mut of_any = Vec::new();
        for (place, statement) in statements.iter().enumerate() {
            let principals = &statement.principals;
            if principals.is_inverted || principals.patterns.iter().any(|one| one == "*") {
                of_any.push(place);
                continue;
            }
            for principal in &principals.patterns {
                by_principal.entry(principal).or_default().push(place);
            }
        }
        Self {
            statements: statements.iter().copied().map(Prepared::of).collect(),
            by_principal,
            of_any,
            absent,
            effort: Effort::default(),
        }
    }

    /// The places of those that may name a principal of a statement, in order; no other covers a case of it.
    fn naming(&self, principals: &Clause) -> Vec<usize> {
        if principals.is_inverted || principals.patterns.is_empty() {
            return (0..self.statements.len()).collect();
        }
        let named = principals.patterns.iter();
        let named = named.filter_map(|principal| self.by_principal.get(principal.as_str()));
        let mut places: Vec<usize> = named.flatten().chain(&self.of_any).copied().collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Why access widens where this statement, of `all` beside these, is new to these.
    pub(super) fn widened_by(&self, statement: &Statement, all: &[&Statement]) -> Vec<Widening> {
        if !statement.is_known {
            return unknown(statement);
        }
        match statement.effect {
            Effect::Deny => Vec::new(),
            Effect::Allow if statement.kind == StatementKind::Boundary && statement.is_named() => {
                self.other_boundaries(statement)
            }
            Effect::Allow => {
                let gaps = self.gaps(statement);
                let mut reached = reached_through(statement, all, &self.effort);
                reached.extend(self.held(statement, all));
                if gaps.is_empty() || reached.is_empty() {
                    return gaps;
                }
                // What the policy says is known: it matters, not its name.
                let allowed = reached.iter().filter(|one| one.effect == Effect::Allow);
                once(allowed.flat_map(|one| self.gaps(one)))
            }
        }
    }

    /// A statement of a managed policy that is new as that of those who name it: nobody else can hold it yet.
    fn held(&self, statement: &Statement, all: &[&Statement]) -> Vec<Statement> {
        let holders = &statement.principals.patterns;
        let is_new = holders.iter().all(|holder| self.absent.contains(holder));
        if statement.kind != StatementKind::Identity || holders.is_empty() || !is_new {
            return Vec::new();
        }
        let is_named = |one: &&Statement| {
            one.kind == StatementKind::ManagedPolicy && one.resources.patterns == *holders
        };
        copies(all, is_named, &self.effort)
            .map(|named| through(named, statement))
            .collect()
    }

    /// Why access widens where this statement, of `all` beside those that were, is not among these any more.
    pub(super) fn widened_without(
        &self,
        statement: &Statement,
        all: &[&Statement],
    ) -> Vec<Widening> {
        let ruled = match statement.kind {
            StatementKind::Trust | StatementKind::Resource => &statement.targets,
            StatementKind::Identity
            | StatementKind::Boundary
            | StatementKind::ManagedPolicy
            | StatementKind::Membership
            | StatementKind::Assignment => &statement.principals.patterns,
        };
        let is_gone = |text: &String| self.absent.contains(text);
        if !ruled.is_empty() && ruled.iter().all(is_gone) {
            return Vec::new();
        }
        if !statement.is_known {
            return unknown(statement);
        }
        match (statement.effect, statement.kind) {
            (Effect::Deny, _) => self.gaps(statement),
            (Effect::Allow, StatementKind::Boundary) if statement.is_named() => {
                let is_limited = self.boundaries(statement).next().is_some();
                if is_limited {
                    return Vec::new();
                }
                vec![Widening::Boundary {
                    what: statement.resources.patterns.clone(),
                }]
            }
            (Effect::Allow, StatementKind::ManagedPolicy) => self.undenied(statement, all),
            (Effect::Allow, _) => Vec::new(),
        }
    }

    /// What a managed policy that goes denied.
    fn undenied(&self, statement: &Statement, all: &[&Statement]) -> Vec<Widening> {
        if self.gaps(statement).is_empty() {
            return Vec::new();
        }
        let reached = reached_through(statement, all, &self.effort);
        if !reached.is_empty() {
            let denied = reached.iter().filter(|one| one.effect == Effect::Deny);
            return once(denied.flat_map(|one| self.gaps(one)));
        }
        // The policies of AWS give, but for those that say otherwise by their names.
        let names = &statement.resources.patterns;
        let may_deny = names.iter().any(|name| {
            !name.contains(":iam::aws:policy/")
                || name.contains("Deny")
                || name.contains("Quarantine")
        });
        if may_deny {
            vec![Widening::Unknown {
                what: names
                    .iter()
                    .map(|name| format!("what {name} denies"))
                    .collect(),
            }]
        } else {
            Vec::new()
        }
    }

    fn boundaries(&self, like: &Statement) -> impl Iterator<Item = &Statement> {
        let statements = self.statements.iter().map(|one| one.statement);
        statements.filter(move |one| {
            one.kind == StatementKind::Boundary
                && one.is_named()
                && one.principals == like.principals
                && is_subset(&one.only_if, &like.only_if)
        })
    }

    /// A boundary takes away. Which one takes away more is not in the template: going from one to another widens.
    fn other_boundaries(&self, statement: &Statement) -> Vec<Widening> {
        let others = self.boundaries(statement);
        let others: Vec<&Statement> = others
            .filter(|other| other.resources != statement.resources)
            .collect();
        let what: Vec<String> = others
            .iter()
            .flat_map(|other| other.resources.patterns.clone())
            .collect();
        if what.is_empty() {
            return Vec::new();
        }
        vec![Widening::Boundary { what }]
    }

    /// What of a statement none of these says; empty where they say all of it.
    fn gaps(&self, statement: &Statement) -> Vec<Widening> {
        let effort = &self.effort;
        if !effort.spend(100 * self.statements.len()) {
            return vec![Widening::New];
        }
        let asked = Prepared::of(statement);
        let is_alike = |place: &usize| {
            let other = self.statements[*place].statement;
            other.effect == statement.effect && other.kind == statement.kind && other.is_known
        };
        let mut about_same = self.naming(&statement.principals);
        about_same.retain(is_alike);
        let holding: Vec<&Prepared<'_>> = about_same
            .iter()
            .map(|place| &self.statements[*place])
            .filter(|other| {
                let other = other.statement;
                is_subset(&other.only_if, &statement.only_if)
                    && condition::unmet(
                        other.condition.as_ref(),
                        statement.condition.as_ref(),
                        effort,
                    )
                    .is_empty()
            })
            .collect();
        let is_one = |other: &&Prepared<'_>| other.covers(&asked, effort);
        if holding.iter().any(is_one) || is_covered(statement, &holding, effort) {
            return Vec::new();
        }
        // The one that comes nearest tells best what is new: the first of them, those for the same principals before
        // others. None is nearer than by one reason.
        let mut nearest: Option<Lack<'_>> = None;
        let is_other = |place: &usize| is_alike(place) && about_same.binary_search(place).is_err();
        let others = (0..self.statements.len()).filter(is_other);
        for place in about_same.iter().copied().chain(others) {
            let reasons = nearest.as_ref().map_or(usize::MAX, Lack::reasons);
            if reasons == 1 {
                break;
            }
            let lack = self.statements[place].lacks(&asked, reasons, effort);
            nearest = lack.or(nearest);
        }
        nearest.map_or_else(|| vec![Widening::New], Lack::told)
    }
}

/// What the named policies of a template come to, where it says what they are: the statements of a managed policy are
/// those of all who name it.
pub(super) fn reached(statements: &[&Statement]) -> Vec<Statement> {
    let effort = Effort::default();
    let named = statements
        .iter()
        .filter(|one| one.kind == StatementKind::ManagedPolicy);
    named
        .flat_map(|one| reached_through(one, statements, &effort))
        .collect()
}

fn reached_through(named: &Statement, all: &[&Statement], effort: &Effort) -> Vec<Statement> {
    if named.kind != StatementKind::ManagedPolicy {
        return Vec::new();
    }
    let is_administrator = |name: &String| name.ends_with(ADMINISTRATOR);
    if named.resources.patterns.iter().any(is_administrator) {
        let everything = || Clause::of(vec!["*".to_owned()]);
        return vec![Statement {
            kind: StatementKind::Identity,
            actions: everything(),
            resources: everything(),
            ..named.clone()
        }];
    }
    let is_named = |statement: &&Statement| {
        statement.kind == StatementKind::Identity
            && statement.principals.patterns == named.resources.patterns
    };
    copies(all, is_named, effort)
        .map(|statement| through(named, statement))
        .collect()
}

/// Those that are to be copied; none when the effort is spent, as when the policy is not in the template.
fn copies<'s>(
    all: &[&'s Statement],
    is_wanted: impl Fn(&&'s Statement) -> bool,
    effort: &Effort,
) -> impl Iterator<Item = &'s Statement> {
    let mut wanted = Vec::new();
    if effort.spend(10 * all.len()) {
        wanted.extend(all.iter().copied().filter(is_wanted));
    }
    if !effort.spend(1000 * wanted.len()) {
        wanted.clear();
    }
    wanted.into_iter()
}

/// A statement of a managed policy as that of who names the policy.
fn through(named: &Statement, statement: &Statement) -> Statement {
    let mut reached = statement.clone();
    reached.principals = named.principals.clone();
    for condition in &named.only_if {
        if !reached.only_if.contains(condition) {
            reached.only_if.push(condition.clone());
        }
    }
    reached
}

impl Prepared<'_> {
    /// Whether this alone says all that another statement does, conditions aside.
    fn covers(&self, inner: &Self, effort: &Effort) -> bool {
        self.missing_targets(inner).is_empty()
            && self.missing_principals(inner, effort).is_empty()
            && self.missing_actions(inner, effort).is_empty()
            && self.missing_resources(inner, effort).is_empty()
    }

    /// In what another statement goes further; `None` where the two have little to do with one another, or it does so for
    /// as many reasons or more.
    fn lacks<'l>(&'l self, inner: &'l Self, most: usize, effort: &Effort) -> Option<Lack<'l>> {
        if !self.missing_targets(inner).is_empty() {
            return None;
        }
        let (own, other) = (self.statement, inner.statement);
        let freed = own.only_if.iter();
        let mut lack = Lack {
            inner: other,
            principals: self.missing_principals(inner, effort),
            actions: Vec::new(),
            resources: Vec::new(),
            dropped: condition::unmet(own.condition.as_ref(), other.condition.as_ref(), effort),
            freed: freed.filter(|name| !other.only_if.contains(name)).collect(),
        };
        // The cheapest first: most statements are out by then.
        if lack.reasons() >= most {
            return None;
        }
        lack.actions = self.missing_actions(inner, effort);
        if lack.reasons() >= most {
            return None;
        }
        lack.resources = self.missing_resources(inner, effort);
        let is_all = |missing: &[&str], clause: &Clause| {
            !missing.is_empty() && missing.len() >= clause.patterns.len()
        };
        if is_all(&lack.actions, &other.actions) && is_all(&lack.resources, &other.resources) {
            return None;
        }
        (1..most).contains(&lack.reasons()).then_some(lack)
    }

    fn missing_targets<'c>(&self, inner: &'c Self) -> Vec<&'c str> {
        let targets = inner.statement.targets.iter();
        targets
            .filter(|target| !self.statement.targets.contains(target))
            .map(String::as_str)
            .collect()
    }

    fn missing_principals<'c>(&self, inner: &'c Self, effort: &Effort) -> Vec<&'c str> {
        let (outer, inner) = (&self.statement.principals, &inner.statement.principals);
        missing(
            inner,
            outer,
            &inner.patterns,
            &outer.patterns,
            |outer, _| outer == "*",
            |one, other| may_be_same_principal(one, other),
            |pattern| pattern == "*",
            effort,
        )
    }

    fn missing_actions<'c>(&self, inner: &'c Self, effort: &Effort) -> Vec<&'c str> {
        missing(
            &inner.statement.actions,
            &self.statement.actions,
            inner.actions(),
            self.actions(),
            |outer, inner| outer.covers(inner, effort),
            |one, other| one.overlaps(other, effort),
            |pattern| *pattern == Pattern::glob("*:*") || pattern.is_everything(),
            effort,
        )
    }

    fn missing_resources<'c>(&self, inner: &'c Self, effort: &Effort) -> Vec<&'c str> {
        missing(
            &inner.statement.resources,
            &self.statement.resources,
            inner.resources(),
            self.resources(),
            |outer, inner| outer.covers_arn(inner, effort),
            |one, other| one.overlaps(other, effort),
            Pattern::is_everything,
            effort,
        )
    }
}

impl Lack<'_> {
    /// How many reasons there are.
    fn reasons(&self) -> usize {
        let those = [
            self.principals.is_empty(),
            self.actions.is_empty(),
            self.resources.is_empty(),
            self.dropped.is_empty(),
            self.freed.is_empty(),
        ];
        those.iter().filter(|is_empty| !**is_empty).count()
    }

    fn told(self) -> Vec<Widening> {
        let mut told = Vec::new();
        let mut add = |what: Vec<String>, reason: fn(Vec<String>) -> Widening| {
            if !what.is_empty() {
                told.push(reason(what));
            }
        };
        let inner = self.inner;
        add(words(&inner.principals, &self.principals), |what| {
            Widening::Principals { what }
        });
        add(words(&inner.actions, &self.actions), |what| {
            Widening::Actions { what }
        });
        add(words(&inner.resources, &self.resources), |what| {
            Widening::Resources { what }
        });
        add(self.dropped, |what| Widening::Condition { what });
        let freed = self.freed.into_iter().cloned();
        add(freed.collect(), |what| Widening::OnlyIf { what });
        told
    }
}

/// What is missing of a clause, in the words of the plan.
fn words(clause: &Clause, missing: &[&str]) -> Vec<String> {
    let is_inverted = clause.is_inverted && !clause.patterns.is_empty();
    let sign = if is_inverted { "!" } else { "" };
    missing.iter().map(|word| format!("{sign}{word}")).collect()
}

/// What of a clause is not certain to be named by another one, as it is written; `*` for one that names nothing.
///
/// That a pattern covers itself goes without asking `covers`.
#[expect(
    clippy::too_many_arguments,
    reason = "two clauses, and how their patterns are compared"
)]
fn missing<'c, P>(
    inner: &'c Clause,
    outer: &Clause,
    inner_patterns: &[P],
    outer_patterns: &[P],
    covers: impl Fn(&P, &P) -> bool,
    may_overlap: impl Fn(&P, &P) -> bool,
    is_everything: impl Fn(&P) -> bool,
    effort: &Effort,
) -> Vec<&'c str> {
    let names = |clause: &Clause, patterns: &[P], (word, one): (&String, &P)| {
        debug_assert_eq!(clause.patterns.len(), patterns.len(), "read one by one");
        effort.spend(patterns.len())
            && (clause.patterns.contains(word)
                || patterns.iter().any(|pattern| covers(pattern, one)))
    };
    let all = || {
        if inner.patterns.is_empty() {
            vec!["*"]
        } else {
            inner.patterns.iter().map(String::as_str).collect()
        }
    };
    let of = |is_missing: &dyn Fn((&String, &P)) -> bool| -> Vec<&'c str> {
        let pairs = inner.patterns.iter().zip(inner_patterns);
        pairs
            .filter(|pair| is_missing(*pair))
            .map(|(word, _)| word.as_str())
            .collect()
    };
    match (inner.is_inverted, outer.is_inverted) {
        // What names nothing is not asked for it: the resource of a trust policy.
        (false, false) if inner.patterns.is_empty() => {
            let is_named = outer.patterns.is_empty() || outer_patterns.iter().any(is_everything);
            if is_named { Vec::new() } else { all() }
        }
        (false, false) => of(&|pair| !names(outer, outer_patterns, pair)),
        // What is left out must have nothing in common with what is asked for.
        (false, true) if inner.patterns.is_empty() => all(),
        (false, true) => {
            of(&|(_, pattern)| outer_patterns.iter().any(|out| may_overlap(out, pattern)))
        }
        (true, false) if outer_patterns.iter().any(is_everything) => Vec::new(),
        (true, false) => all(),
        (true, true) => {
            let mut left_out = outer.patterns.iter().zip(outer_patterns);
            if left_out.all(|pair| names(inner, inner_patterns, pair)) {
                Vec::new()
            } else {
                all()
            }
        }
    }
}

/// Whether several statements together say every case of one.
fn is_covered(statement: &Statement, others: &[&Prepared<'_>], effort: &Effort) -> bool {
    let targets: Vec<Vec<String>> = if statement.targets.is_empty() {
        vec![Vec::new()]
    } else {
        let targets = statement.targets.iter();
        targets.map(|target| vec![target.clone()]).collect()
    };
    let (actions, resources) = (cases(&statement.actions), cases(&statement.resources));
    targets.iter().all(|targets| {
        cases(&statement.principals).iter().all(|principals| {
            actions.iter().all(|actions| {
                resources.iter().all(|resources| {
                    let case = Statement {
                        targets: targets.clone(),
                        principals: principals.clone(),
                        actions: actions.clone(),
                        resources: resources.clone(),
                        ..Statement::new(&statement.logical_id, statement.kind, Clause::default())
                    };
                    let case = Prepared::of(&case);
                    let is_said =
                        |other: &&Prepared<'_>| effort.spend(20) && other.covers(&case, effort);
                    effort.spend(1000) && others.iter().any(is_said)
                })
            })
        })
    })
}

/// The cases of a clause: each pattern alone, or the whole where it is inverted or names nothing.
fn cases(clause: &Clause) -> Vec<Clause> {
    if clause.is_inverted || clause.patterns.is_empty() {
        return vec![clause.clone()];
    }
    let patterns = clause.patterns.iter();
    patterns
        .map(|pattern| Clause::of(vec![pattern.clone()]))
        .collect()
}

/// Whether two principals may be, or take in, the same one.
///
/// An account takes in all that is in it, and a role its sessions; two users, or two roles, are apart.
fn may_be_same_principal(one: &str, other: &str) -> bool {
    if one == other || one == "*" || other == "*" {
        return true;
    }
    let is_known = |text: &str| !text.contains("${");
    let (Some((kind, one)), Some((other_kind, other))) =
        (one.split_once(':'), other.split_once(':'))
    else {
        return true;
    };
    if kind != other_kind && is_known(kind) && is_known(other_kind) {
        return false;
    }
    if kind != "AWS" {
        return !(is_known(one) && is_known(other));
    }
    let is_apart =
        |text: &str| is_known(text) && (text.contains(":user/") || text.contains(":role/"));
    !(is_apart(one) && is_apart(other))
}

fn patterns(clause: &Clause, read: impl Fn(&str) -> Pattern) -> Vec<Pattern> {
    clause.patterns.iter().map(|text| read(text)).collect()
}

fn is_subset(inner: &[String], outer: &[String]) -> bool {
    inner.iter().all(|one| outer.contains(one))
}

fn unknown(statement: &Statement) -> Vec<Widening> {
    vec![Widening::Unknown {
        what: statement.resources.patterns.clone(),
    }]
}

/// Reasons of one kind as one.
fn once(reasons: impl Iterator<Item = Widening>) -> Vec<Widening> {
    let mut all: Vec<Widening> = Vec::new();
    for reason in reasons {
        if !all.contains(&reason) {
            all.push(reason);
        }
    }
    all
}
