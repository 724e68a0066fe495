use super::CookieKind;
use crate::record::Transport;
use crate::token::SessionToken;

/// How many different tokens of one name are kept for a logout to end.
const MAX_TOKENS: usize = 4;

/// The tokens that a request carries: in its cookies, or in its `Authorization` header and then nowhere else.
#[derive(Debug, Default)]
pub struct Presented {
    /// Under the login cookie's name, or as bearer tokens.
    pub login: PresentedTokens,
    /// Under the visitor cookie's name.
    pub visitor: PresentedTokens,
    /// The headers were longer than 64 KiB or had more than 1000 cookies. Nothing of them was taken, so the request is
    /// not authenticated; but a logout cannot know what it should end and must not claim success.
    pub too_long: bool,
    /// How they travelled.
    pub transport: Transport,
}

impl Presented {
    /// What was sent under the name of this kind.
    #[must_use]
    pub fn of(&self, kind: CookieKind) -> &PresentedTokens {
        match kind {
            CookieKind::Login => &self.login,
            CookieKind::Visitor => &self.visitor,
        }
    }
}

/// What one request sent under one cookie name.
///
/// A browser holds at most one such cookie unless somebody else planted a second: a neighbouring subdomain or a
/// plain-http page, where the name has no `__Host-` prefix. The server cannot tell which is which, so *different*
/// values authenticate nobody, also when only one of them is well formed.
///
/// ```
/// use hallpass_core::{OsRandom, PresentedTokens, SessionToken, Shard};
///
/// let token = || SessionToken::random(Shard(7), &OsRandom);
/// let one = PresentedTokens::One(token()?);
/// assert!(one.token().is_some() && one.well_formed().len() == 1);
///
/// let several = PresentedTokens::Several(vec![token()?, token()?]);
/// assert!(several.token().is_none() && several.well_formed().len() == 2);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Default)]
pub enum PresentedTokens {
    /// No cookie of that name.
    #[default]
    Nothing,
    /// Only values that are no tokens. They authenticate nobody and there is nothing to end.
    Malformed,
    /// One token, however often it was repeated.
    One(SessionToken),
    /// Different values: those of them that are tokens, each once, the first four. They authenticate nobody; a logout
    /// ends each of them.
    Several(Vec<SessionToken>),
}

impl PresentedTokens {
    /// The token that may authenticate the request: the one, if it is the only value.
    #[must_use]
    pub fn token(&self) -> Option<&SessionToken> {
        match self {
            Self::One(token) => Some(token),
            Self::Nothing | Self::Malformed | Self::Several(_) => None,
        }
    }

    /// Every token that a logout has to end; at most four.
    #[must_use]
    pub fn well_formed(&self) -> &[SessionToken] {
        match self {
            Self::Nothing | Self::Malformed => &[],
            Self::One(token) => std::slice::from_ref(token),
            Self::Several(tokens) => tokens,
        }
    }

    /// Whether any cookie of that name was sent, so that a logout has one to remove.
    #[must_use]
    pub fn was_sent(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// The same, if it was not the only one: nobody is authenticated by it, and a logout ends it.
    pub(crate) fn among_others(self) -> Self {
        match self {
            Self::One(token) => several([token]),
            other => other,
        }
    }

    pub(crate) fn add(&mut self, value: &[u8]) {
        let found = SessionToken::decode(value);
        if matches!(self, Self::Nothing) {
            *self = found.map_or(Self::Malformed, Self::One);
        } else {
            self.add_another(found);
        }
    }

    #[cold]
    fn add_another(&mut self, found: Option<SessionToken>) {
        *self = match (std::mem::take(self), found) {
            (Self::Nothing | Self::Malformed, None) => Self::Malformed,
            (Self::One(known), Some(token)) if known.same_as(&token) => Self::One(known),
            (Self::Nothing | Self::Malformed, Some(token)) => several([token]),
            (Self::One(known), Some(token)) => several([known, token]),
            (Self::One(known), None) => several([known]),
            (Self::Several(tokens), None) => Self::Several(tokens),
            (Self::Several(tokens), Some(token)) => Self::Several(with_another(tokens, token)),
        };
    }
}

fn several<const N: usize>(found: [SessionToken; N]) -> PresentedTokens {
    // With all the room it may need, so that growing leaves no copies behind.
    let mut tokens = Vec::with_capacity(MAX_TOKENS);
    tokens.extend(found);
    PresentedTokens::Several(tokens)
}

fn with_another(mut tokens: Vec<SessionToken>, token: SessionToken) -> Vec<SessionToken> {
    if tokens.len() < MAX_TOKENS && !tokens.iter().any(|known| known.same_as(&token)) {
        tokens.push(token);
    }
    tokens
}
