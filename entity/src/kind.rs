//! The closed lists of words that columns hold.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// What an invoice line does to the recurring revenue of its subscription item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum SpanKind {
    /// The item brings so much a month from the start of the line's period to its end.
    Opens = 1,
    /// What was charged before is given back: nothing of it is brought from the start of the line's period on.
    Closes = 2,
}

/// Which objects tell what an item brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum RevenueBasis {
    /// The subscription itself.
    Subscription = 1,
    /// Its invoices: for days before the subscription was first seen here, and where it is unknown.
    Invoice = 2,
}

/// Why recurring revenue is another from a moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum RevenueCause {
    /// The subscription was seen here for the first time.
    FirstSeen = 1,
    /// An item was added.
    ItemAdded = 2,
    /// An item was taken out.
    ItemRemoved = 3,
    /// Quantity, price or discounts have changed.
    AmountChanged = 4,
    /// The subscription began to count, or ceased to.
    StatusChanged = 5,
    /// An invoice charged for it.
    Invoiced = 6,
}

/// A kind of Stripe object that is kept.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum StripeKind {
    /// `customer`
    Customer = 1,
    /// `product`
    Product = 2,
    /// `price`, with its tiers and currency options
    Price = 3,
    /// `invoice`, with all its lines
    Invoice = 4,
    /// `subscription`, with all its items
    Subscription = 5,
    /// `coupon`
    Coupon = 6,
    /// `credit_note`
    CreditNote = 7,
    /// `refund`, with the invoice whose payment it gives back
    Refund = 8,
}

impl StripeKind {
    /// What Stripe calls it in the field `object`.
    pub fn object_name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Product => "product",
            Self::Price => "price",
            Self::Invoice => "invoice",
            Self::Subscription => "subscription",
            Self::Coupon => "coupon",
            Self::CreditNote => "credit_note",
            Self::Refund => "refund",
        }
    }
}

/// What became of a source object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum RecordState {
    /// It made a record, or is kept because records name it.
    Imported = 1,
    /// It is kept and makes no record; the reason says why.
    Skipped = 2,
    /// It could not be mapped; the open error says why.
    Failed = 3,
    /// It made a record that still misses something it names.
    Pending = 4,
}

/// Defines an enum that is stored as its upper-case word.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
        #[sea_orm(rs_type = "String", db_type = "String(StringLen::N(24))")]
        pub enum $name {
            $($(#[$doc])* #[sea_orm(string_value = $word)] #[serde(rename = $word)] $variant),+
        }
    };
}

words! {
    /// Which Stripe object makes contracts.
    ContractSource {
        /// Paid invoices.
        Invoice = "INVOICE",
        /// Subscriptions.
        Subscription = "SUBSCRIPTION",
    }
}

words! {
    /// What is synchronised: the three nouns of the product.
    SyncObject {
        /// Stripe customers, our clients.
        Customer = "CUSTOMER",
        /// Stripe products and prices, our products.
        Product = "PRODUCT",
        /// Paid invoices and subscriptions, our contracts.
        Contract = "CONTRACT",
    }
}

words! {
    /// Which way an object is synchronised. There is no push.
    SyncDirection {
        /// Stripe's state is written here.
        Pull = "PULL",
        /// Stripe's objects are read and kept, and make no records.
        Disabled = "DISABLED",
    }
}

words! {
    /// Who wins when both Stripe and a person have set a mapped field.
    FieldPolicy {
        /// Stripe's value is written, an empty one empties the field.
        StripeWins = "STRIPE_WINS",
        /// A field edited by hand is left alone.
        LocalWins = "LOCAL_WINS",
        /// Stripe's value is written only into an empty field.
        FillIfEmpty = "FILL_IF_EMPTY",
    }
}

words! {
    /// How a Stripe customer finds a client that is here already.
    ClientMatchRule {
        /// The client that it is known to be, by its id.
        StripeId = "STRIPE_ID",
        /// The one with the id that another system knows both by.
        ExternalId = "EXTERNAL_ID",
        /// The one with the same e-mail address.
        Email = "EMAIL",
    }
}

words! {
    /// What has a custom field.
    CustomFieldOwner {
        /// Clients.
        Client = "CLIENT",
        /// Products.
        Product = "PRODUCT",
    }
}

words! {
    /// What the values of a field are.
    FieldType {
        /// Any text.
        Text = "TEXT",
        /// A whole number of 64 bits.
        Integer = "INTEGER",
        /// An exact decimal number.
        Decimal = "DECIMAL",
        /// An amount of money, a decimal with the currency's digits.
        Currency = "CURRENCY",
        /// True or false.
        Boolean = "BOOLEAN",
        /// A day.
        Date = "DATE",
        /// An address on the web.
        Link = "LINK",
        /// One of the options.
        Picklist = "PICKLIST",
    }
}

words! {
    /// What a user or a token may do; each level includes the one before it.
    Scope {
        /// Read records.
        Read = "READ",
        /// Start and cancel runs as well.
        RunSync = "RUN_SYNC",
        /// Change settings and mappings as well.
        Configure = "CONFIGURE",
        /// Everything, keys and users included.
        Admin = "ADMIN",
    }
}

words! {
    /// Where a client comes from.
    ClientOrigin {
        /// A Stripe customer made it.
        Stripe = "STRIPE",
        /// A person, a file or another system made it.
        Manual = "MANUAL",
    }
}

words! {
    /// A client's place in its life.
    ClientStatus {
        /// A customer today.
        Active = "ACTIVE",
        /// No longer served.
        Inactive = "INACTIVE",
        /// Trying the product.
        Trial = "TRIAL",
        /// The relation was ended.
        Terminated = "TERMINATED",
    }
}

words! {
    /// Where a contract is in its life.
    ContractStatus {
        /// It may begin: a trial.
        Forecasted = "FORECASTED",
        /// Paid, and its term has not begun.
        Booked = "BOOKED",
        /// In its term.
        Active = "ACTIVE",
        /// Its term is over and should have been renewed, or its payment is.
        Overdue = "OVERDUE",
        /// It was ended, or given back in full.
        Churned = "CHURNED",
        /// It never began.
        Lost = "LOST",
        /// Its term is over, and nothing more was to come or another contract has followed.
        Ended = "ENDED",
    }
}

words! {
    /// How a contract's payment stands.
    PaymentState {
        /// Nothing is owed.
        Paid = "PAID",
        /// An invoice is open, and may still be paid in time.
        Due = "DUE",
        /// A payment is late; Stripe still tries.
        PastDue = "PAST_DUE",
        /// A payment is missing.
        Unpaid = "UNPAID",
        /// Nothing is collected for now.
        Paused = "PAUSED",
        /// Nothing is to be paid yet.
        Trialing = "TRIALING",
        /// Nothing is to be paid.
        None = "NONE",
    }
}

words! {
    /// What a contract line charges for.
    LineKind {
        /// A recurring price's regular period.
        Recurring = "RECURRING",
        /// Charged once.
        OneTime = "ONE_TIME",
        /// Metered use.
        Usage = "USAGE",
        /// A correction for a change within a period.
        Proration = "PRORATION",
        /// Given back: a negative line that is no proration.
        Credit = "CREDIT",
    }
}

words! {
    /// What a run does.
    RunKind {
        /// Everything in scope, from Stripe's lists.
        Import = "IMPORT",
        /// What a wider lookback lets in, from Stripe's lists.
        Backfill = "BACKFILL",
        /// What changed, from Stripe's events.
        CatchUp = "CATCH_UP",
        /// Everything in scope compared with Stripe, and mended.
        Reconcile = "RECONCILE",
        /// What is kept, mapped again without a request to Stripe.
        Remap = "REMAP",
        /// Single objects read again.
        Retry = "RETRY",
    }
}

words! {
    /// What made a run start.
    RunTrigger {
        /// A person or a script asked for it.
        Manual = "MANUAL",
        /// The timetable.
        Schedule = "SCHEDULE",
        /// Something that Stripe told.
        Event = "EVENT",
        /// The server came back after too long a time.
        Startup = "STARTUP",
    }
}

words! {
    /// Where a run, or one phase of it, is in its life.
    RunState {
        /// Waiting to be taken up.
        Queued = "QUEUED",
        /// At work.
        Running = "RUNNING",
        /// Asked to stop, which it does at the next page edge.
        Canceling = "CANCELING",
        /// Ended, with everything done.
        Succeeded = "SUCCEEDED",
        /// Ended, with single objects failed.
        Partial = "PARTIAL",
        /// Ended before everything was done.
        Failed = "FAILED",
        /// Stopped because somebody asked.
        Canceled = "CANCELED",
    }
}

words! {
    /// Which way an event came.
    EventWay {
        /// Out of Stripe's list of events.
        Poll = "POLL",
        /// Stripe sent it.
        Webhook = "WEBHOOK",
    }
}

words! {
    /// What came of an event.
    EventOutcome {
        /// What it tells was written, or was here already.
        Applied = "APPLIED",
        /// The object was read again because of it.
        Fetched = "FETCHED",
        /// It tells nothing new, or nothing that is kept here.
        Dropped = "DROPPED",
        /// Its object could not be read; the open error says why.
        Failed = "FAILED",
        /// Its type means nothing here.
        UnknownType = "UNKNOWN_TYPE",
        /// It names no object.
        Nameless = "NAMELESS",
        /// It is of Stripe's other mode.
        WrongMode = "WRONG_MODE",
        /// It is of another account.
        WrongAccount = "WRONG_ACCOUNT",
    }
}

words! {
    /// Why a contract is CHURNED, where its invoice alone says so.
    TerminationReason {
        /// Credit notes gave all of it back.
        Credited = "CREDITED",
        /// The invoice was voided or written off after it was paid.
        Reversed = "REVERSED",
    }
}

words! {
    /// Whose days dates are.
    DayZone {
        /// Days of UTC.
        Utc = "UTC",
        /// Days of the Stripe account's own time zone; of UTC while that is not known.
        Account = "ACCOUNT",
    }
}

words! {
    /// Whether discounts lower recurring revenue.
    DiscountCounts {
        /// As long as they run.
        WhileRunning = "WHILE_RUNNING",
        /// Not at all.
        Never = "NEVER",
    }
}

words! {
    /// When a subscription that will end ceases to count.
    ChurnAt {
        /// When it ends.
        End = "END",
        /// When its end is scheduled.
        WhenScheduled = "WHEN_SCHEDULED",
    }
}

words! {
    /// Which invoices make contracts.
    CountInvoices {
        /// Those that are paid.
        Paid = "PAID",
        /// Those that are issued: open ones and ones written off, too.
        Issued = "ISSUED",
    }
}
