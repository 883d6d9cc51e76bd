/**
 * The look of every page. The palette holds a contrast of 4.5:1 for text and 3:1 for marks in both schemes; candidate
 * and baseline are blue and orange (told apart under every common colour blindness) and differ in dash as well.
 */
export const style = `
:root{color-scheme:light dark;--page:#f4f6f8;--card:#fff;--ink:#1b2026;--muted:#57606a;--line:#d5dbe1;--faint:#e9edf1;
--candidate:#0a62c4;--baseline:#b35900;--pass:#14743a;--pass-soft:#e3f5e8;--fail:#c4232f;--fail-soft:#fdeaea;--unsure:#8a5d00;--unsure-soft:#fdf4da}
@media(prefers-color-scheme:dark){:root{--page:#0e1116;--card:#171b22;--ink:#e8ecf1;--muted:#9aa5b1;--line:#343b45;--faint:#232932;
--candidate:#62a8ff;--baseline:#f2a257;--pass:#4cc46e;--pass-soft:#14291b;--fail:#ff7b7b;--fail-soft:#331a1d;--unsure:#e0b13c;--unsure-soft:#2d2512}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:anywhere}
main{max-width:1080px;margin:0 auto;padding:24px 16px 48px;display:grid;gap:20px}
main>*{min-width:0}
h1{font-size:26px;line-height:1.25;margin:0;letter-spacing:-.01em}
h2{font-size:18px;margin:0 0 12px}
h3{font-size:15px;margin:0}
p{margin:0}
code{font:13px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
a{color:var(--candidate)}
:focus-visible{outline:2px solid var(--candidate);outline-offset:2px}
.muted{color:var(--muted)}
.small{font-size:13px}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:20px}
.banner{display:grid;grid-template-columns:auto 1fr;gap:6px 16px;align-items:start;border-left-width:6px}
.banner svg{width:44px;height:44px;display:block}
.banner.pass{border-left-color:var(--pass)}.banner.fail{border-left-color:var(--fail)}.banner.inconclusive{border-left-color:var(--unsure)}
.banner .words{display:grid;gap:10px;min-width:0}
.banner dl{display:grid;grid-template-columns:auto 1fr;gap:4px 14px;margin:4px 0 0}
.banner dt{color:var(--muted)}.banner dd{margin:0}
.badge{display:inline-flex;align-items:center;gap:6px;font-weight:600;white-space:nowrap}
.badge svg{width:18px;height:18px;flex:none}
.pass-ink{color:var(--pass)}.fail-ink{color:var(--fail)}.inconclusive-ink{color:var(--unsure)}
.icon.pass{fill:var(--pass)}.icon.fail{fill:var(--fail)}.icon.inconclusive{fill:var(--unsure)}
.icon-sign{fill:none;stroke:var(--card);stroke-width:2.4;stroke-linecap:round;stroke-linejoin:round}
table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--muted);font-size:13px;padding:0 0 10px}
th{font-weight:600;font-size:13px;color:var(--muted);text-align:left;white-space:nowrap}
th,td{padding:9px 14px 9px 0;border-bottom:1px solid var(--faint);vertical-align:top}
tr>:last-child{padding-right:0}
tbody tr:last-child>*{border-bottom:0}
tbody th{color:inherit;font-weight:400;font-size:inherit;white-space:normal}
.number{text-align:right;white-space:nowrap}
.gates .why{display:block;font-weight:400;color:var(--muted);font-size:13px}
.gates .fail-row{background:linear-gradient(90deg,var(--fail-soft),transparent)}
.gates .range{width:170px;padding-top:6px;padding-bottom:6px}
.range svg{width:170px;height:34px;display:block;max-width:100%}
.scroll{overflow-x:auto;margin-top:10px}.scroll td,.scroll th{white-space:nowrap}
.scroll tr>:first-child{white-space:normal;min-width:110px}
.dense table{font-size:13px}.dense th,.dense td{padding:5px 14px 5px 0;text-align:right}.dense tr>:first-child{text-align:left;white-space:nowrap;max-width:260px;overflow:hidden;text-overflow:ellipsis}
.part{margin-top:18px}
.between{margin:4px 0 -8px}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,400px),1fr));gap:20px;align-items:start}
figure{margin:0;display:grid;gap:8px;align-content:start}
figure svg{width:100%;height:auto;display:block}
figure .caption{color:var(--muted);font-size:13px}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;margin:0;padding:0;list-style:none;font-size:13px}
.legend li{display:inline-flex;align-items:center;gap:6px}
.legend svg{width:22px;height:12px;flex:none}
svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;fill:var(--ink)}
svg .tick,svg .note{fill:var(--muted)}
svg .note,svg .written{paint-order:stroke;stroke:var(--card);stroke-width:3px;stroke-linejoin:round}
svg .written{font-size:13px;font-weight:600}
svg .axis{fill:var(--muted);font-weight:600}
.grid{stroke:var(--faint)}.frame{stroke:var(--line);fill:none}
.guide{stroke:var(--muted);stroke-dasharray:1 4;stroke-linecap:round;stroke-width:1.5}
.line{fill:none;stroke-width:2.25;stroke-linejoin:round}.line.thin{stroke-width:1.1}
.candidate.line,.candidate.whisker{stroke:var(--candidate)}.baseline.line,.baseline.whisker{stroke:var(--baseline)}
.baseline.line{stroke-dasharray:6 3}
.area{stroke:none;opacity:.16}.fill{shape-rendering:crispEdges}.candidate.area,.candidate.dot,.candidate.fill{fill:var(--candidate)}.baseline.area,.baseline.dot{fill:var(--baseline)}
.dot{stroke:var(--card);stroke-width:1}
.whisker{stroke-width:2;stroke-linecap:round}.whisker.pass{stroke:var(--pass)}.whisker.fail{stroke:var(--fail)}.whisker.inconclusive{stroke:var(--unsure)}
.mark{stroke:var(--card);stroke-width:1}.mark.pass{fill:var(--pass)}.mark.fail{fill:var(--fail)}.mark.inconclusive{fill:var(--unsure)}
.bound{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:5 3}.bound.solid{stroke-dasharray:none;stroke-width:2}
.allowed{fill:var(--pass);opacity:.13}
.cell.right{fill:var(--candidate)}.cell.wrong{fill:var(--fail)}
.bar.pass{fill:var(--candidate);opacity:.75}.bar.fail{fill:var(--fail)}.bar.inconclusive{fill:var(--unsure)}
.bar.current{fill:var(--candidate)}.bar.reference{fill:none;stroke:var(--baseline);stroke-width:1.25}
.bar-arrow{fill:none;stroke:var(--card);stroke-width:2}
.weight{fill:var(--muted)}
svg .fail-text{fill:var(--fail)}svg .pass-text{fill:var(--pass)}
.step{stroke:var(--line);stroke-dasharray:2 3}.blind{fill:var(--muted);opacity:.22}
.outcome{stroke-width:2}.outcome.pass{stroke:var(--pass)}.outcome.fail{stroke:var(--fail)}.outcome.inconclusive{stroke:var(--unsure)}
.path{display:flex;flex-wrap:wrap;gap:8px;list-style:none;margin:0;padding:0}
.path li{flex:1 1 110px;border:1px solid var(--line);border-top:4px solid var(--line);border-radius:8px;padding:8px 12px;font-size:13px;display:grid;gap:2px;align-content:start}
.path b{font-size:17px}
.path .pass{border-top-color:var(--pass)}.path .fail{border-top-color:var(--fail);background:var(--fail-soft)}.path .inconclusive{border-top-color:var(--unsure)}
.path .missed{border-style:dashed;color:var(--muted)}
ul{margin:8px 0;padding-left:22px}
details>summary{cursor:pointer;font-weight:600}
details[open]>summary{margin-bottom:12px}
details+details{margin-top:12px}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:6px 18px;margin:0}
.facts dt{color:var(--muted)}.facts dd{margin:0}
.journal{list-style:none;margin:0;padding:0;display:grid;gap:6px}
.journal li{display:grid;grid-template-columns:max-content 1fr;gap:14px}
footer{color:var(--muted);font-size:13px}
@media(max-width:640px){
main{padding:12px 10px 32px;gap:12px}.card{padding:14px}h1{font-size:21px}
.banner{grid-template-columns:1fr}.banner svg{width:34px;height:34px}
.banner dl,.facts{grid-template-columns:1fr;gap:0}.banner dd,.facts dd{margin-bottom:8px}
.gates table,.gates tbody,.gates caption{display:block}.gates thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.gates tr{display:grid;grid-template-columns:1fr 1fr 1fr;gap:4px 12px;padding:12px 0;border-bottom:1px solid var(--line)}
.gates tr:last-child{border-bottom:0}
.gates th,.gates td{display:block;border:0;padding:0;text-align:left}
.gates tr>:nth-child(1),.gates tr>:nth-child(2),.gates .range{grid-column:1/-1}
.gates .range{width:auto;order:1}
.gates td[data-label]::before{content:attr(data-label);display:block;color:var(--muted);font-size:12px}
}
@media print{body{background:#fff}.card{break-inside:avoid}}
`.trim();
