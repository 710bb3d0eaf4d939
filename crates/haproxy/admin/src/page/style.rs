//! Colours of the page. Classes and colours are those operators and scrapers know.

/// The page's style sheet.
pub(super) const STYLE: &str = "\
body{font:12px arial,helvetica,sans-serif;color:#000;background:#fff}
th,td{font-size:10px}
h1{font-size:x-large;margin-bottom:.5em}
h2{font-size:x-large;font-style:italic;color:#6020a0;margin:0}
h3{font-size:16px;color:#b00040;background:#e8e8d0;margin:0}
.hr{margin-top:.25em;border:0;border-bottom:1px solid #000}
.titre{background:#20d0d0;color:#000;font-weight:bold;text-align:center}
.frontend,.backend{background:#e8e8d0}
.socket{background:#d0d0d0}
.active_up{background:#c0ffc0}
.active_down,.backup_down{background:#ff9090}
.active_going_up{background:#ffd020}
.active_going_down{background:#ffffa0}
.active_nolb,.active_draining{background:#20a0ff}
.active_no_check,.backup_no_check{background:#e0e0e0}
.backup_up{background:#b0d0ff}
.backup_going_up{background:#ff80ff}
.backup_going_down{background:#c060ff}
.backup_nolb{background:#90b0e0}
.backup_draining{background:#cc9900}
.maintain{background:#c07820}
.rls{letter-spacing:.2em;margin-right:1px}
a.px{color:#ffff40;text-decoration:none}
a.lfsb{color:#000;text-decoration:none}
table.tbl{border-collapse:collapse;width:100%}
table.tbl td,table.tbl th{border:1px solid gray;padding:2px 3px;white-space:nowrap}
table.tbl td{text-align:right}
table.tbl td.ac{text-align:center}
table.tbl th.pxname{background:#b00040;color:#ffff40}
table.tbl th.empty{border-style:none;background:#fff}
table.tbl th.desc{background:#fff;text-align:left}
table.lgd{border-collapse:collapse}
table.lgd td{border:1px solid gray;padding:2px}
table.lgd td.noborder{border-style:none;white-space:nowrap}
table.det th{text-align:left;font-size:11px}
table.det td{text-align:right;font-size:11px;border-width:0;padding:0 0 0 4px}
u{text-decoration:none;border-bottom:1px dotted #000;position:relative}
div.tips{display:none;position:absolute;right:0;z-index:9;padding:2px 4px 3px;background:#f0f060;color:#000;\
border:1px solid #7040c0;border-radius:3px;white-space:nowrap;text-align:left}
u:hover div.tips{display:block}
@media(prefers-color-scheme:dark){body{color:#e8e6e3;background:#131516}a{color:#3391ff}\
.frontend,.backend,h3{background:#3e3e1f}.socket{background:#393e42}.active_up{background:#056305}\
.active_no_check{background:#34393c}.active_down{background:#700000}a.lfsb{color:#e8e6e3}table.tbl th.empty{background:#131516}}
";
