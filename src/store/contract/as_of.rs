//! The day of which contracts are told, as each integration has it.

use chrono::NaiveDate;
use entity::integration::{Column, Entity};
use entity::kind::ContractSource;
use sea_orm::sea_query::{CaseStatement, Expr, SimpleExpr};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};
use uuid::Uuid;

use crate::days::Days;

/// The connected accounts, as far as it takes to say what their contracts are on a day.
#[derive(Debug, Clone)]
pub struct Accounts {
    all: Vec<Account>,
    /// Unix seconds.
    now: i64,
}

/// A connected account.
#[derive(Debug, Clone)]
struct Account {
    id: Uuid,
    name: String,
    days: Days,
    has_invoices: bool,
    has_subscriptions: bool,
    is_connected: bool,
}

/// A day, and its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Moment {
    day: NaiveDate,
    /// The first second after it, Unix seconds.
    end: i64,
}

/// A day of which contracts are told.
#[derive(Debug, Clone)]
pub struct AsOf {
    /// What somebody asked for; `None` = today.
    pub asked: Option<NaiveDate>,
    common: Moment,
    /// Those of other time zones.
    others: Vec<(Uuid, Moment)>,
}

impl Accounts {
    /// Those that there are.
    pub async fn load(conn: &impl ConnectionTrait, now: i64) -> Result<Self, DbErr> {
        use sea_orm::QueryOrder;
        let rows = Entity::find().order_by_asc(Column::Id).all(conn).await?;
        let all = rows.into_iter().map(|row| Account {
            id: row.id,
            days: Days::of(&row),
            has_invoices: row.contract_sources.0.contains(&ContractSource::Invoice),
            has_subscriptions: row.contract_sources.0.contains(&ContractSource::Subscription),
            is_connected: row.key_sealed.is_some(),
            name: row.name,
        });
        Ok(Self {
            all: all.collect(),
            now,
        })
    }

    /// The present day, or the day `asked` for. `None` where that has begun nowhere yet.
    pub fn on(&self, asked: Option<NaiveDate>) -> Option<AsOf> {
        let common = self.moment(self.all.first().map(|account| account.days).unwrap_or_default(), asked)?;
        let mut others = Vec::new();
        for account in self.all.iter().skip(1) {
            let own = self.moment(account.days, asked)?;
            if own != common {
                others.push((account.id, own));
            }
        }
        let latest = self.all.iter().filter_map(|account| account.days.day(self.now)).max();
        let today = latest.or_else(|| Days::default().day(self.now))?;
        (asked.is_none_or(|day| day <= today)).then_some(AsOf { asked, common, others })
    }

    fn moment(&self, days: Days, asked: Option<NaiveDate>) -> Option<Moment> {
        let day = asked.or_else(|| days.day(self.now))?;
        let end = days.end(day)?;
        Some(Moment { day, end })
    }

    /// Those whose invoices make contracts now.
    pub(super) fn with_invoices(&self) -> Vec<Uuid> {
        self.ids(|account| account.has_invoices)
    }

    /// Those whose invoices make no contracts now.
    pub(super) fn without_invoices(&self) -> Vec<Uuid> {
        self.ids(|account| !account.has_invoices)
    }

    /// Those whose subscriptions make contracts now, and invoices do not.
    pub(super) fn with_subscriptions_alone(&self) -> Vec<Uuid> {
        self.ids(|account| account.has_subscriptions && !account.has_invoices)
    }

    fn ids(&self, is_meant: impl Fn(&Account) -> bool) -> Vec<Uuid> {
        let meant = self.all.iter().filter(|account| is_meant(account));
        meant.map(|account| account.id).collect()
    }

    /// The name of an account.
    pub(super) fn name(&self, id: Uuid) -> &str {
        self.find(id).map(|account| account.name.as_str()).unwrap_or_default()
    }

    /// Whether an account has a key.
    pub(super) fn is_connected(&self, id: Uuid) -> bool {
        self.find(id).is_some_and(|account| account.is_connected)
    }

    fn find(&self, id: Uuid) -> Option<&Account> {
        self.all.iter().find(|account| account.id == id)
    }
}

impl AsOf {
    /// A day of UTC, whatever the integrations have.
    pub fn utc(day: NaiveDate, asked: bool) -> Self {
        let end = Days::default().end(day).unwrap_or_default();
        Self {
            asked: asked.then_some(day),
            common: Moment { day, end },
            others: Vec::new(),
        }
    }

    /// The day that the integration of `id` has.
    pub(super) fn day(&self, id: &SimpleExpr) -> SimpleExpr {
        self.by_integration(id, |moment| Expr::val(moment.day))
    }

    /// The first second after the day that the integration of `id` has.
    pub(super) fn end(&self, id: &SimpleExpr) -> SimpleExpr {
        self.by_integration(id, |moment| Expr::val(moment.end))
    }

    fn by_integration(&self, id: &SimpleExpr, of: impl Fn(&Moment) -> SimpleExpr) -> SimpleExpr {
        use sea_orm::sea_query::ExprTrait;
        if self.others.is_empty() {
            return of(&self.common);
        }
        let mut case = CaseStatement::new();
        for (other, moment) in &self.others {
            case = case.case(id.clone().eq(*other), of(moment));
        }
        case.finally(of(&self.common)).into()
    }
}
