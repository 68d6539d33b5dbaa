-- How a report looks: one style sheet, no script, no file from elsewhere.
--
-- Measures are in rem, so that a reader's own letter size counts; what is wide scrolls in its own box,
-- never the page. Fonts are the reader's own.

local palette = require "luma.palette"

local rules = [[
*{box-sizing:border-box}
html{font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;background:var(--ground);
color:var(--text);-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0}
a{color:var(--link);text-underline-offset:.15em;text-decoration-thickness:.06em}
:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:2px}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:1rem;background:var(--panel);padding:.5rem 1rem;z-index:2}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
code,pre,.code{font:.84rem/1.55 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
h1,h2,h3,h4{line-height:1.2;letter-spacing:-.01em;text-wrap:balance;overflow-wrap:anywhere}
h1{font-size:1.9rem;margin:0 0 .5rem;font-weight:650}
h2{font-size:1.3rem;margin:3rem 0 .9rem;font-weight:650}
h3{font-size:1.02rem;margin:0;font-weight:600}
h4{font-size:.95rem;margin:2.2rem 0 .6rem;font-weight:650}
p{margin:.4rem 0;max-width:46rem;overflow-wrap:anywhere}
.quiet{color:var(--quiet)}
.small{font-size:.84rem}
.ok{color:var(--ok)}
.bad{color:var(--bad);font-weight:650}
.warn{color:var(--warn)}
.ok,.bad,.warn{white-space:nowrap}
.layout{max-width:84rem;margin:0 auto;padding:2.5rem 1.25rem 4rem;display:grid;grid-template-columns:minmax(0,1fr);
gap:0 3.5rem}
header{border-bottom:1px solid var(--rule);padding-bottom:1.5rem}
.facts{display:flex;flex-wrap:wrap;gap:.9rem 2.4rem;margin:1.3rem 0 0;padding:0}
.facts div{min-width:5rem}
.facts dt{font-size:.78rem;color:var(--quiet)}
.facts dd{margin:0;font-size:1.15rem;font-variant-numeric:tabular-nums}
nav{font-size:.88rem;margin-top:1.25rem}
nav ul{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.3rem 1.2rem}
nav a{text-decoration:none;display:inline-block;padding:.15rem 0;overflow-wrap:anywhere}
nav a:hover{text-decoration:underline}
nav ul ul{display:none}
.box{overflow-x:auto;max-width:100%;position:relative}
table{border-collapse:collapse;font-size:.88rem;font-variant-numeric:tabular-nums}
caption{text-align:left;max-width:min(46rem,100vw - 4rem);color:var(--quiet);font-size:.84rem;padding:0 0 .45rem}
th,td{text-align:left;vertical-align:top;padding:.38rem 1.1rem .38rem 0;border-bottom:1px solid var(--grid)}
th{font-weight:600}
thead th{color:var(--quiet);font-size:.8rem;font-weight:500;border-bottom-color:var(--rule);vertical-align:bottom}
td.n,th.n{text-align:right;white-space:nowrap}
td.name,th.name{min-width:9rem;overflow-wrap:anywhere;font-weight:400}
tbody th{font-weight:400}
tbody tr:last-child>*{border-bottom-color:transparent!important}
table.wide{width:100%}
.failures{background:var(--bad-ground);border-radius:8px;padding:.9rem 1.1rem;margin:0 0 1.4rem}
.failures table{width:100%}
.failures th,.failures td{border-bottom-color:color-mix(in srgb,var(--bad) 22%,transparent)}
.run{background:var(--panel);border:1px solid var(--rule);border-radius:10px;margin:0 0 .8rem}
.run>summary,.fold>summary{cursor:pointer;list-style-position:inside}
.run>summary{padding:.8rem 1.1rem;display:flex;gap:0 .9rem;align-items:baseline}
.run>summary h3{flex:1 1 0;min-width:0}
.run>summary::-webkit-details-marker{display:none}
.run>summary::after{content:"+";font-size:1.1rem;line-height:1;color:var(--quiet);width:.8rem;text-align:right}
.run[open]>summary::after{content:"–"}
.run>summary:hover h3{text-decoration:underline;text-decoration-thickness:.06em;text-underline-offset:.15em}
.run>summary .facts-line{color:var(--quiet);font-size:.84rem;white-space:nowrap;font-variant-numeric:tabular-nums}
.inside{padding:0 1.1rem 1.4rem;border-top:1px solid var(--grid)}
.inside>h4:first-child{margin-top:1.2rem}
.fold{margin:.6rem 0}
.fold>summary{color:var(--link);font-size:.88rem;padding:.15rem 0}
.message{background:var(--bad-ground);border-left:3px solid var(--bad);padding:.6rem .9rem;margin:1.1rem 0 0;
white-space:pre-wrap;
overflow-wrap:anywhere}
.warnings{margin:.4rem 0;padding:0;list-style:none;font-size:.9rem;max-width:56rem}
.warnings li{border-left:3px solid var(--warn);padding:.1rem 0 .1rem .8rem;margin:.5rem 0;overflow-wrap:anywhere}
.panels:empty{display:none}
.panels{display:grid;margin-bottom:.8rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));
gap:1.2rem 1.6rem;max-width:66rem}
.panels figure,.sheet{margin:0}
.plot{display:block;width:100%;max-width:32rem;height:auto;overflow:visible}
figcaption{font-size:.84rem;color:var(--quiet);margin:.3rem 0}
.box.tall{max-height:48rem;overflow:auto}
.matrix{border-collapse:separate;border-spacing:1px;margin:0}
.matrix th,.matrix td{border:0!important;padding:.3rem .45rem;text-align:right;font-size:.8rem;min-width:2.6rem;
border-radius:3px}
.matrix td.zero{color:var(--quiet)}
.matrix thead th{position:sticky;top:0;background:var(--panel);z-index:2;vertical-align:bottom;text-align:right;
color:var(--text);max-width:6rem}
.matrix tbody th{white-space:nowrap;position:sticky;left:0;background:var(--panel);z-index:1}
.matrix .corner,.matrix .axis{color:var(--quiet);font-weight:400;text-align:left}
.matrix td.diagonal{font-weight:650}
.meter{display:inline-block;width:4.5rem;height:.5rem;background:var(--grid);border-radius:2px;
vertical-align:.05rem;margin-left:.6rem}
.meter i{display:block;height:100%;background:var(--series1);border-radius:2px}
.sheet ul{list-style:none;margin:.6rem 0 0;padding:0;display:grid;
grid-template-columns:repeat(auto-fill,minmax(4.6rem,1fr));gap:.8rem .6rem;
max-width:60rem}
.sheet li{font-size:.8rem;text-align:center;line-height:1.25;overflow-wrap:anywhere}
.sheet li svg{display:block;width:100%;max-width:4.6rem;margin:0 auto .25rem;image-rendering:pixelated;
border-radius:3px}
.sheet li.wide svg{max-width:none}
.sheet img{max-width:100%;image-rendering:pixelated}
.store{position:absolute;width:0;height:0}
pre{margin:0;white-space:pre;tab-size:4}
.output{background:var(--code);border-radius:8px;padding:.8rem 1rem;max-height:30rem;overflow:auto}
.source{background:var(--code);border-radius:0 0 9px 9px;border-top:1px solid var(--grid);padding:.7rem 0;
max-height:44rem;overflow:auto}
.source pre{counter-reset:line;min-width:max-content}
.source .l{display:block;padding:0 1rem 0 0}
.source .l::before{counter-increment:line;content:counter(line);display:inline-block;width:3.2rem;padding-right:1rem;
text-align:right;color:var(--quiet);position:sticky;left:0;background:var(--code)}
.source .l:target,.source .l:target::before{background:var(--ok-ground)}
.c{color:var(--comment);font-style:italic}
.q{color:var(--literal)}
.k{color:var(--word)}
.pairs{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:0 3rem;align-items:start}
.pairs table{width:100%}
.pairs td{overflow-wrap:anywhere}
.pairs th{overflow-wrap:anywhere;font-weight:400;color:var(--quiet);width:9.5rem}
footer{border-top:1px solid var(--rule);margin-top:3rem;padding-top:1rem}
@media (min-width:68rem){
.layout{grid-template-columns:14rem minmax(0,1fr)}
header,footer{grid-column:1/-1}
nav{position:sticky;top:0;max-height:100vh;overflow-y:auto;align-self:start;padding:2.6rem .5rem 2rem 0;margin:0}
nav ul{display:block}
nav ul ul{display:block;margin:.2rem 0 .7rem}
nav li li a{color:var(--quiet);padding:.1rem 0}
nav li li a.bad{color:var(--bad);white-space:normal}
}
@media (max-width:40rem){
.layout{padding:1.5rem 1rem 3rem}
h1{font-size:1.5rem}
.run>summary{padding:.8rem .9rem;gap:0 .7rem}
.inside{padding:0 .9rem 1.2rem}
.failures{padding:.7rem .8rem}
.stack,.stack tbody,.stack caption{display:block}
.stack thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.stack tr{display:flex;flex-wrap:wrap;gap:.05rem .9rem;padding:.5rem 0;border-bottom:1px solid var(--grid)}
.stack tr:last-child{border-bottom:0}
.stack tr>*{border:0!important;padding:0}
.stack th.name{flex:1 1 0;min-width:calc(100% - 6.6rem)}
.stack td.name{flex:1 0 100%}
.stack td:empty{display:none}
.stack td[data-l]::before{content:attr(data-l) " ";color:var(--quiet)}
.output,.source{max-height:28rem}
}
@media print{
html{font-size:11px;background:#fff}
nav,.skip,.fold>summary{display:none}
.layout{display:block;padding:0;max-width:none}
details::details-content{content-visibility:visible;display:block;block-size:auto}
.run>summary::after{content:none}
.run,.failures{break-inside:auto;border-color:#999}
.box,.output,.source{overflow:visible;max-height:none}
pre{white-space:pre-wrap}
figure,tr{break-inside:avoid}
.matrix td,.failures,.message,.meter,.meter i,.source,.output{print-color-adjust:exact;
-webkit-print-color-adjust:exact}
}
@media (forced-colors:active){
.matrix td,.meter i{forced-color-adjust:none}
}
]]

local function shades()
    local list = {}
    for _, kind in ipairs { "right", "wrong" } do
        for step = 1, palette.steps do
            list[#list + 1] = (".%s%d{background:var(--%s%d)}"):format(kind:sub(1, 1), step, kind, step)
        end
    end
    return table.concat(list, "\n") .. "\n"
end

return palette.css ":root" .. rules .. palette.plot_css ".plot" .. shades()
