//! What to do at the end of a request: every decision of the session life cycle, without I/O, clock or runtime.
//!
//! [`plan`] is a total function over small finite types, so that its tests can try every input there is.
//! `commit` carries a plan out.

use crate::record::EndReason;

/// What a request's tokens led to, and what its handler wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Situation {
    /// What the login cookie led to.
    pub(crate) login: Found,
    /// What the visitor's cookie led to; looked up only without a live login.
    pub(crate) visitor: Found,
    /// Whether and how surely a logout has been carried out.
    pub(crate) logout: Logout,
    /// The login to create, after the logout if there was one.
    pub(crate) log_in: Option<Relation>,
    /// Whether the session is to get a new id.
    pub(crate) renew: bool,
    /// Whether the data differ from what was loaded, or from nothing.
    pub(crate) data: bool,
    /// Whether the last note of use is old enough for another.
    pub(crate) touch_due: bool,
}

/// What a token led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// No token, a malformed one, or one that is unknown.
    Nothing,
    /// A row that no longer counts.
    Over(EndReason),
    /// A row that does not decode.
    Undecodable,
    /// A session.
    Live,
}

/// How far a logout in this request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Logout {
    /// None was asked for.
    #[default]
    No,
    /// One was started, and the store has not confirmed it.
    Unconfirmed,
    /// The store has confirmed it.
    Done,
}

/// How the user who logs in relates to the live login of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// It is the same user.
    Same,
    /// It is another user, or nobody was logged in.
    Other,
}

/// What to do, in this order: end, write, and then the cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Plan {
    /// Answer 503 and do nothing.
    pub(crate) unavailable: bool,
    /// End the row that the login cookie led to.
    pub(crate) end_login: Option<EndReason>,
    /// End the row that the visitor's cookie led to.
    pub(crate) end_visitor: Option<EndReason>,
    /// The one write.
    pub(crate) write: Write,
    /// Remove the cookies that this request sent: the answer to its own logout.
    pub(crate) remove_cookies: bool,
}

/// The one write of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Write {
    /// Nothing.
    #[default]
    Nothing,
    /// Note the use of the live session. No cookie.
    Touch(Which),
    /// Compare-and-set the data of the live session. No cookie.
    Update(Which),
    /// Give the live session a new id, and write its data. Sets its cookie.
    Renew(Which),
    /// Give the live login a new id under the ticket. If it is gone, create under the ticket. Sets the login cookie.
    Relogin,
    /// Create a visitor's session. Sets the visitor's cookie.
    CreateVisitor,
    /// Create a login under the ticket. Sets the login cookie.
    CreateLogin {
        /// Carry the live visitor's data over, end that session, and remove its cookie.
        from_visitor: bool,
    },
}

/// Which of the two live sessions is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// The login.
    Login,
    /// The visitor's.
    Visitor,
}

/// Decides what to do.
pub(crate) fn plan(situation: &Situation) -> Plan {
    match situation.logout {
        Logout::Unconfirmed => Plan { unavailable: true, ..Plan::default() },
        // What was found has been revoked, so what the handler did since starts from nothing.
        Logout::Done => {
            let rest = Situation { login: Found::Nothing, visitor: Found::Nothing, ..*situation };
            Plan { remove_cookies: true, ..plan_from(&rest) }
        }
        Logout::No => plan_from(situation),
    }
}

fn plan_from(situation: &Situation) -> Plan {
    match situation.log_in {
        Some(relation) => plan_login(situation, relation),
        None => plan_rest(situation),
    }
}

fn plan_login(situation: &Situation, relation: Relation) -> Plan {
    let same_user = relation == Relation::Same;
    let (end_login, write) = match situation.login {
        Found::Live if same_user => (None, Write::Relogin),
        Found::Live | Found::Undecodable => (Some(EndReason::Superseded), create_login(situation)),
        Found::Over(reason) => (Some(reason), create_login(situation)),
        Found::Nothing => (None, create_login(situation)),
    };
    let end_visitor = match situation.visitor {
        Found::Undecodable => Some(EndReason::Superseded),
        Found::Over(reason) => Some(reason),
        Found::Nothing | Found::Live => None,
    };
    Plan { end_login, end_visitor, write, ..Plan::default() }
}

fn create_login(situation: &Situation) -> Write {
    let alone = situation.login != Found::Live;
    Write::CreateLogin { from_visitor: alone && situation.visitor == Found::Live }
}

fn plan_rest(situation: &Situation) -> Plan {
    let undecodable = match situation.login {
        Found::Live => false,
        Found::Undecodable => true,
        Found::Nothing | Found::Over(_) => situation.visitor == Found::Undecodable,
    };
    if undecodable {
        return Plan { unavailable: true, ..Plan::default() };
    }
    let write = match (situation.login, situation.visitor) {
        (Found::Live, _) => write_live(situation, Which::Login),
        (_, Found::Live) => write_live(situation, Which::Visitor),
        _ if situation.data => Write::CreateVisitor,
        _ => Write::Nothing,
    };
    Plan { end_login: over(situation.login), end_visitor: over(situation.visitor), write, ..Plan::default() }
}

fn write_live(situation: &Situation, which: Which) -> Write {
    match situation {
        Situation { renew: true, .. } => Write::Renew(which),
        Situation { data: true, .. } => Write::Update(which),
        Situation { touch_due: true, .. } => Write::Touch(which),
        _ => Write::Nothing,
    }
}

fn over(found: Found) -> Option<EndReason> {
    match found {
        Found::Over(reason) => Some(reason),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUND: [Found; 4] =
        [Found::Nothing, Found::Over(EndReason::IdleTimeout), Found::Undecodable, Found::Live];

    /// Every input there is.
    fn all() -> Vec<Situation> {
        let mut all = Vec::new();
        for login in FOUND {
            for visitor in FOUND {
                for logout in [Logout::No, Logout::Unconfirmed, Logout::Done] {
                    for log_in in [None, Some(Relation::Same), Some(Relation::Other)] {
                        for bits in 0..8_u8 {
                            let [renew, data, touch_due] = [bits & 1, bits & 2, bits & 4].map(|bit| bit != 0);
                            all.push(Situation { login, visitor, logout, log_in, renew, data, touch_due });
                        }
                    }
                }
            }
        }
        all
    }

    fn check(promise: &str, holds: impl Fn(&Situation, &Plan) -> bool) {
        for situation in all() {
            let plan = plan(&situation);
            assert!(holds(&situation, &plan), "{promise}: {situation:?} gave {plan:?}");
        }
    }

    #[test]
    fn final_after_a_logout_nothing_that_was_found_is_written_again() {
        check("only new sessions after a logout", |s, p| {
            s.logout == Logout::No
                || matches!(
                    p.write,
                    Write::Nothing | Write::CreateVisitor | Write::CreateLogin { from_visitor: false }
                )
        });
    }

    #[test]
    fn honest_an_unconfirmed_logout_is_unavailable_and_nothing_else() {
        let nothing_but_503 = Plan { unavailable: true, ..Plan::default() };
        check("503", |s, p| s.logout != Logout::Unconfirmed || *p == nothing_but_503);
    }

    #[test]
    fn only_this_requests_own_confirmed_logout_removes_cookies() {
        check("the cookie rule", |s, p| p.remove_cookies == (s.logout == Logout::Done));
    }

    #[test]
    fn fresh_every_login_creates_or_replaces() {
        check("a new id", |s, p| {
            let issued = matches!(p.write, Write::Relogin | Write::CreateLogin { .. });
            issued == (s.log_in.is_some() && !p.unavailable)
        });
    }

    #[test]
    fn fresh_somebody_elses_login_is_ended_and_gives_nothing_to_the_next() {
        check("no inheritance", |s, p| {
            let over_another =
                s.login == Found::Live && s.log_in == Some(Relation::Other) && s.logout == Logout::No;
            let ended = p.end_login == Some(EndReason::Superseded)
                && p.write == Write::CreateLogin { from_visitor: false };
            !over_another || ended
        });
    }

    #[test]
    fn a_visitors_data_goes_only_to_a_login_without_another() {
        check("carried data", |s, p| {
            p.write != Write::CreateLogin { from_visitor: true }
                || (s.visitor == Found::Live && s.login != Found::Live && s.logout == Logout::No)
        });
    }

    #[test]
    fn an_update_can_never_create() {
        check("writes to what is live", |s, p| match p.write {
            Write::Touch(Which::Login)
            | Write::Update(Which::Login)
            | Write::Renew(Which::Login)
            | Write::Relogin => s.login == Found::Live,
            Write::Touch(Which::Visitor) | Write::Update(Which::Visitor) | Write::Renew(Which::Visitor) => {
                s.visitor == Found::Live && s.login != Found::Live
            }
            Write::Nothing | Write::CreateVisitor | Write::CreateLogin { .. } => true,
        });
    }

    #[test]
    fn quiet_nothing_is_created_without_data_or_a_login() {
        check("no rows for nothing", |s, p| match p.write {
            Write::CreateVisitor => s.data,
            Write::CreateLogin { .. } => s.log_in.is_some(),
            _ => true,
        });
    }

    #[test]
    fn quiet_a_request_that_only_reads_writes_nothing() {
        check("reads are free", |s, p| {
            let reads = s.logout == Logout::No && s.log_in.is_none() && !s.renew && !s.data && !s.touch_due;
            !reads || p.write == Write::Nothing
        });
    }

    #[test]
    fn fail_closed_an_undecodable_session_serves_nothing_but_logout_and_login() {
        check("503", |s, p| {
            let broken =
                s.login == Found::Undecodable || (s.visitor == Found::Undecodable && s.login != Found::Live);
            let asked = s.log_in.is_some() || s.logout == Logout::Done;
            !broken || asked || p.unavailable
        });
        check("ended by login", |s, p| {
            let replaced = s.login == Found::Undecodable && s.log_in.is_some() && s.logout == Logout::No;
            !replaced || p.end_login == Some(EndReason::Superseded)
        });
    }

    #[test]
    fn what_has_run_out_is_ended_first_whatever_the_handler_wants() {
        check("ended with its reason", |s, p| {
            let over = s.login == Found::Over(EndReason::IdleTimeout) && s.logout == Logout::No;
            !over || p.unavailable || p.end_login == Some(EndReason::IdleTimeout)
        });
    }

    #[test]
    fn no_live_session_is_ended_unless_another_user_logs_in() {
        check("no logout by accident", |s, p| {
            let ended = s.login == Found::Live && p.end_login.is_some();
            !ended || s.log_in == Some(Relation::Other)
        });
        check("visitors neither", |s, p| s.visitor != Found::Live || p.end_visitor.is_none());
    }
}
