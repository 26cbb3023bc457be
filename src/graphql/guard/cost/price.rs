//! The price of each field, in one table.
//!
//! A list of objects, a page and whatever counts or adds up has its line here; a test goes through the schema and looks for it. Other
//! fields that give an object cost 1 for it, fields that give a value nothing.

/// What a field costs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Price {
    /// The objects that it gives.
    pub(super) rows: Rows,
    /// Besides, for each object that it is asked of.
    pub(super) each: u64,
    /// Besides, however many objects it is asked of.
    pub(super) once: u64,
}

/// The objects that a field gives. Each costs 1 and what is asked of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rows {
    /// None, or one that is a part of the object around it and costs nothing by itself.
    None,
    One,
    /// A list whose length nobody says: about so many.
    About(u64),
    /// As many as the list has that stands at this path in the arguments.
    Listed(&'static str),
    /// A page of a list. Its rows are read, and cost, whether they are shown or not.
    Page {
        size: Size,
        total: Total,
    },
    /// The rows of the page around it.
    Held,
    /// How many rows the list has that the page around it is of.
    Total,
}

/// How many rows a page has.
#[derive(Debug, Clone, Copy)]
pub(super) enum Size {
    /// As many as `first` or `last` say.
    Asked,
    /// As many as the list has that stands at this path in the arguments.
    Listed(&'static str),
}

/// What a page's `totalCount` costs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Total {
    pub(super) each: u64,
    pub(super) once: u64,
}

/// A whole table is read: nine of them fit into an operation.
const SCAN: u64 = 1_000;
/// A part of a table is read, by an index, for all objects together.
const PART: u64 = 250;
/// A statement of its own for each object.
const STATEMENT: u64 = 10;

/// Objects that are a part of the record around them.
pub(super) const PARTS: [&str; 5] = ["Address", "DiscountsInMrr", "Money", "PageInfo", "Settings"];

/// By type and field; `*` is any type that has no line of its own.
pub(super) const PRICES: [(&str, Price); 53] = [
    // Pages.
    ("Query.clients", page(counted_once(SCAN))),
    ("Query.products", page(counted_once(SCAN))),
    ("Query.contracts", page(counted_once(SCAN))),
    ("Query.contractLines", page(counted_once(SCAN))),
    ("Query.runs", page(counted_once(SCAN))),
    ("Query.syncErrors", page(counted_once(SCAN))),
    ("Client.contracts", page(counted_once(PART))),
    ("Contract.lines", page(counted_once(PART))),
    ("Contract.invoiceContracts", page(counted_once(PART))),
    ("Run.errors", page(counted_each(STATEMENT)).each(STATEMENT)),
    ("Mutation.saveClients", page_of("input.clients")),
    ("ClientsPayload.clients", HELD),
    ("*.nodes", HELD),
    ("*.edges", HELD),
    ("*.node", FREE),
    ("CustomValue.field", FREE),
    ("*.totalCount", price(Rows::Total)),
    // Sums and counts.
    ("Query.revenue", about(5).once(SCAN)),
    ("Client.revenue", about(2).once(SCAN)),
    ("Run.monthlySums", about(100).once(SCAN)),
    ("Mapping.staleCount", FREE.each(SCAN / 2)),
    ("Integration.openErrorCount", FREE.once(FACTS)),
    ("Integration.waitingToBeMapped", FREE.once(FACTS)),
    ("Integration.readsLast30Days", FREE.once(FACTS)),
    ("Integration.readAllowanceEstimate30Days", FREE.once(FACTS)),
    ("Integration.syncLagSeconds", FREE.once(FACTS)),
    ("Integration.nextRunAt", FREE.once(FACTS)),
    // What is looked at with statements of its own.
    ("Query.node", price(Rows::One)),
    ("Query.explain", price(Rows::One).each(STATEMENT)),
    ("Explanation.record", price(Rows::One).each(STATEMENT)),
    ("Query.mappingSources", about(100).once(SCAN)),
    ("Query.previewMapping", price(Rows::One).once(SCAN)),
    // Lists without pages.
    ("Query.nodes", price(Rows::Listed("ids"))),
    ("Query.integrations", about(3)),
    ("Query.customFields", about(25)),
    ("Query.mappingTargets", about(50)),
    ("Viewer.sessions", about(10)),
    ("Viewer.apiTokens", about(10)),
    ("Client.stripeCustomers", about(2)),
    ("Client.customValues", about(5)),
    ("Product.customValues", about(5)),
    ("Integration.permissions", about(10)),
    ("Integration.setupChecklist", about(5).once(FACTS)),
    ("Integration.customerMapping", price(Rows::One).once(FACTS)),
    ("Integration.productMapping", price(Rows::One).once(FACTS)),
    ("Integration.contractMapping", about(50)),
    ("Integration.activeRuns", about(3).once(FACTS)),
    ("Mapping.rules", about(25)),
    ("MappingPreview.fields", about(25)),
    ("PreviewMappingPayload.records", about(5)),
    ("Run.phases", about(3)),
    ("LinkClientPayload.changes", about(5)),
    ("*.userErrors", about(1)),
];

/// What is known of an integration is counted together, for all that ask at a time.
const FACTS: u64 = 50;
const FREE: Price = price(Rows::None);
const HELD: Price = price(Rows::Held);

/// The price of a field, if it has a line.
pub(super) fn find(of: &str, field: &str) -> Option<Price> {
    let line = |of: &str| {
        PRICES
            .iter()
            .find(|(name, _)| name.split_once('.') == Some((of, field)))
    };
    line(of).or_else(|| line("*")).map(|(_, price)| *price)
}

/// The price of a field that has no line.
pub(super) fn plain(gives: &str, is_object: bool) -> Price {
    if is_object && !PARTS.contains(&gives) {
        price(Rows::One)
    } else {
        FREE
    }
}

const fn price(rows: Rows) -> Price {
    Price { rows, each: 0, once: 0 }
}

const fn page(total: Total) -> Price {
    let size = Size::Asked;
    price(Rows::Page { size, total })
}

const fn page_of(path: &'static str) -> Price {
    price(Rows::Page {
        size: Size::Listed(path),
        total: counted_once(0),
    })
}

const fn about(rows: u64) -> Price {
    price(Rows::About(rows))
}

const fn counted_once(once: u64) -> Total {
    Total { each: 0, once }
}

const fn counted_each(each: u64) -> Total {
    Total { each, once: 0 }
}

impl Price {
    const fn each(self, each: u64) -> Self {
        Self { each, ..self }
    }

    const fn once(self, once: u64) -> Self {
        Self { once, ..self }
    }
}
