//! The statistics page: HTML, CSV or JSON by the words after the address, and the form that changes servers
//! (manual §4.2, `stats`).

mod form;
mod html;
mod query;
mod style;

use std::borrow::Cow;

use haproxy_engine::service::ServiceRequest;
use haproxy_http::Method;
use haproxy_rules::{Reply, ReplyCause};
use haproxy_stats::forms;
use haproxy_stats::row::{Filter, collect};

use crate::services::page_reply;
use crate::source::{About, IdleMeter, Legends, Live, text};
use query::PageQuery;

/// Answers a request for a proxy's page.
pub(crate) fn answer(request: &ServiceRequest<'_>, about: About, idle: &IdleMeter) -> Reply {
    let px = request.snapshot.proxy(request.proxy);
    let Some(page) = px.settings.stats.as_ref() else {
        return Reply::built_in(404, ReplyCause::Local);
    };
    let target = text(request.request.uri());
    let uri = text(&page.uri);
    let query = PageQuery::parse(target.strip_prefix(uri.as_ref()).unwrap_or(""));
    if request.request.method() == Method::Post {
        let outcome = form::apply(request, px, request.admin);
        return redirect(&uri, &query, outcome);
    }
    let own = text(&px.name);
    let scope = (!page.scopes.is_empty()).then(|| {
        page.scopes
            .iter()
            .map(|name| if name == b"." { own.to_string() } else { text(name).into_owned() })
            .collect()
    });
    let filter = Filter { up_only: query.up, no_maint: query.no_maint, scope, ..Filter::default() };
    let legends = if page.show_legends { Legends::Shown } else { Legends::Hidden };
    let live = Live { snapshot: request.snapshot, process: request.process, legends };
    let mut rows = collect(&live, &filter);
    if let Some(part) = query.scope.as_deref().filter(|part| !part.is_empty()) {
        rows.retain(|row| row.get("pxname").to_string().contains(part));
    }
    match query.form {
        query::Form::Csv => page_reply("text/plain", forms::csv(&rows).into_bytes()),
        query::Form::Json => page_reply("application/json", forms::json(&rows).into_bytes()),
        query::Form::Html => {
            let facts = live.process_facts(about, idle);
            let released = about.release_date;
            let view = html::View {
                page,
                uri: &uri,
                query: &query,
                admin: request.admin,
                process: &facts,
                released,
                rows: &rows,
            };
            let mut reply = page_reply("text/html", html::render(&view).into_bytes());
            if let Some(seconds) = page.refresh_s.filter(|_| !query.no_refresh) {
                let field = (b"refresh".to_vec(), seconds.to_string().into_bytes());
                reply.fields.push(field);
                reply.length_at = Some(reply.fields.len());
            }
            reply
        }
    }
}

/// Sends the browser back to the page, with the form's outcome.
fn redirect(uri: &str, query: &PageQuery, outcome: form::Outcome) -> Reply {
    let mut reply = Reply::new(303, ReplyCause::Local);
    let scope =
        query.scope.as_deref().map_or(Cow::Borrowed(""), |scope| Cow::Owned(format!("?scope={scope}")));
    let location = format!(
        "{uri};st={}{}{}{scope}",
        outcome.code(),
        query.flag(query.up, ";up"),
        query.flag(query.no_refresh, ";norefresh")
    );
    reply.fields = vec![
        (b"cache-control".to_vec(), b"no-cache".to_vec()),
        (b"content-type".to_vec(), b"text/plain".to_vec()),
        (b"location".to_vec(), location.into_bytes()),
    ];
    reply.length_at = Some(reply.fields.len());
    reply
}
