// The explanation as a page that needs nothing else: no network, no script, no mouse. Light or dark as the reader's system has it, black on white on
// paper. It is XML too, so that a test can read it.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using MiniJit.Coherence.History;

namespace MiniJit.Coherence.Replay;

internal static class TimelinePage
{
    private const string Style = """
        :root { color-scheme: light dark; --back: #fbfaf7; --ink: #1d2329; --soft: #5f6b76; --rule: #d8d5cc; --lane: #cfd6dc; --mark: #1b5e9b; --bad: #b3261e; --band: #fbe9e7; --code: #f1efe8; }
        @media (prefers-color-scheme: dark) {
          :root { --back: #14181c; --ink: #e4e8eb; --soft: #9aa6b1; --rule: #333b43; --lane: #3a444e; --mark: #7db8f0; --bad: #ff8a80; --band: #3a1f1f; --code: #1d2329; }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--back); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
        header, main, footer { max-width: 1480px; margin: 0 auto; padding: 0 24px; }
        header { padding-top: 20px; }
        .kicker { margin: 0; color: var(--soft); font-size: 13px; }
        h1 { font-size: 21px; line-height: 1.35; font-weight: 600; margin: 4px 0 16px; max-width: 62em; text-wrap: pretty; overflow-wrap: anywhere; }
        h2 { font-size: 16px; margin: 24px 0 8px; }
        main { display: grid; gap: 0 36px; grid-template-columns: minmax(0, 1fr); }
        @media (min-width: 1180px) { main { grid-template-columns: minmax(0, 11fr) minmax(0, 9fr); } }
        .story { min-width: 0; }
        dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 4px 14px; margin: 0; }
        dt { color: var(--soft); }
        dd { margin: 0; overflow-wrap: anywhere; }
        code, pre, .code td, .events td { font-family: ui-monospace, "SF Mono", Consolas, "DejaVu Sans Mono", monospace; }
        figure { margin: 0; min-width: 0; overflow-x: auto; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-size: 13px; }
        caption { text-align: left; color: var(--soft); padding: 0 0 6px; font-size: 13px; }
        th { text-align: left; font-weight: 600; color: var(--soft); border-bottom: 1px solid var(--rule); padding: 3px 10px 3px 0; white-space: nowrap; }
        td { padding: 2px 10px 2px 0; vertical-align: top; }
        .code { background: var(--code); }
        .code th:first-child, .code td:first-child { padding-left: 10px; color: var(--soft); }
        .code td { white-space: nowrap; }
        .code tr.differs td { background: var(--band); }
        .code tr.first td { font-weight: 700; }
        .code del { color: var(--bad); text-decoration: none; }
        .code ins { text-decoration: none; }
        .events td { border-bottom: 1px solid var(--rule); font-size: 12px; }
        .events td.number, .events th.number { text-align: right; }
        .events tr.stale td, .events tr.absent td { background: var(--band); color: var(--bad); }
        .command { background: var(--code); padding: 8px 12px; white-space: pre-wrap; overflow-wrap: anywhere; }
        footer { color: var(--soft); font-size: 13px; padding-bottom: 28px; padding-top: 12px; }
        .timeline { display: block; width: 100%; min-width: 600px; height: auto; font: 12.5px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
        .timeline text { fill: var(--ink); }
        .timeline .column, .timeline .time, .timeline text.skip { fill: var(--soft); }
        .timeline text.skip { font-style: italic; font-size: 11.5px; }
        .timeline .time { font-variant-numeric: tabular-nums; }
        .timeline .lane { stroke: var(--lane); stroke-width: 2; }
        .timeline line.skip { stroke: var(--back); stroke-width: 5; stroke-dasharray: 3 4; }
        .timeline .solid { fill: var(--mark); stroke: var(--back); stroke-width: 1; }
        .timeline .hollow { fill: var(--back); stroke: var(--mark); stroke-width: 1.6; }
        .timeline .ring { fill: none; stroke: var(--mark); stroke-width: 2.2; }
        .timeline .dot { fill: var(--soft); }
        .timeline .link { fill: none; stroke: var(--soft); stroke-width: 1.1; }
        .timeline .head { fill: var(--soft); }
        .timeline .link.missing { stroke: var(--bad); stroke-width: 2; stroke-dasharray: 5 4; }
        .timeline .head-missing { fill: var(--bad); }
        .timeline .band { fill: var(--band); }
        .timeline .stale .solid { fill: var(--bad); }
        .timeline .cross { stroke: var(--back); stroke-width: 2; }
        .timeline .stale text, .timeline .absent text { fill: var(--bad); font-weight: 600; }
        .timeline .ghost { fill: var(--back); stroke: var(--bad); stroke-width: 2; stroke-dasharray: 3 3; }
        @media print {
          :root { --back: #fff; --ink: #000; --soft: #444; --rule: #bbb; --lane: #bbb; --mark: #1b5e9b; --bad: #a00; --band: #f3dede; --code: #f4f4f4; }
          * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
          body { font-size: 10.5pt; }
          main { display: block; }
          h2 { break-after: avoid; }
          tr, dd { break-inside: avoid; }
          .timeline { min-width: 0; }
          figure, .scroll { overflow: visible; }
        }

        """;

    /// <summary>The page.</summary>
    public static string Of(LabHistory history, Explanation story, in StoryFrame frame)
    {
        Timeline timeline = Timeline.Of(history, story);
        StringBuilder page = new();
        string title = frame.Subject.Length == 0 ? "Why stale instructions were executed" : frame.Subject;
        page.Append("<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<meta charset=\"utf-8\"/>\n")
            .Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>").Append(Markup.Escape(title)).Append("</title>\n<style>\n")
            .Append(Style).Append("</style>\n</head>\n<body>\n<header>\n<p class=\"kicker\">minijit lab</p>\n<h1>")
            .Append(Markup.Escape(story.Sentence)).Append("</h1>\n</header>\n<main>\n<section aria-labelledby=\"timeline-heading\">\n")
            .Append("<h2 id=\"timeline-heading\">What happened</h2>\n<figure>\n").Append(TimelineDrawing.Of(history, story, timeline))
            .Append("</figure>\n</section>\n<section class=\"story\" aria-labelledby=\"story-heading\">\n<h2 id=\"story-heading\">Why</h2>\n<dl>\n");
        foreach ((string name, string value) in ExplanationText.Facts(history, story, frame))
        {
            page.Append(name.Length == 0 ? "" : $"<dt>{Markup.Escape(name)}</dt>").Append(name.Length == 0 ? "<dt aria-hidden=\"true\"></dt>" : "")
                .Append("<dd>").Append(Markup.Escape(value)).Append("</dd>\n");
        }

        page.Append("</dl>\n");
        AppendCode(page, history, story);
        if (frame.Command.Length != 0)
        {
            page.Append("<h2>Replay</h2>\n<pre class=\"command\">").Append(Markup.Escape(frame.Command)).Append("</pre>\n");
        }

        page.Append("</section>\n</main>\n<footer>\n");
        AppendEvents(page, history, story, timeline);
        page.Append("</footer>\n</body>\n</html>\n");
        return page.ToString();
    }

    private static void AppendCode(StringBuilder page, LabHistory history, Explanation story)
    {
        if (story.Code.Count == 0)
        {
            return;
        }

        LabEvent fetch = history[story.Fetch];
        page.Append("<h2>What it executed instead</h2>\n<div class=\"scroll\">\n<table class=\"code\">\n<thead><tr><th scope=\"col\">address</th>")
            .Append(CultureInfo.InvariantCulture, $"<th scope=\"col\">executed (version {fetch.Version})</th><th scope=\"col\">should have been (version {fetch.Newest})</th></tr></thead>\n<tbody>\n");
        ulong next = story.Code[0].Address;
        foreach (ComparedInstruction line in story.Code)
        {
            page.Append(line.Address == next ? "" : "<tr><td>...</td><td></td><td></td></tr>\n");
            next = line.Address + 4;
            string kind = line.IsFirst ? " class=\"differs first\"" : line.Differs ? " class=\"differs\"" : "";
            string old = Markup.Escape(line.Old), newest = Markup.Escape(line.New);
            page.Append(CultureInfo.InvariantCulture, $"<tr{kind}><td>0x{line.Address:x}</td>")
                .Append(line.Differs ? $"<td><del>{old}</del></td><td><ins>{newest}</ins></td>" : $"<td>{old}</td><td>{newest}</td>").Append("</tr>\n");
        }

        page.Append("</tbody>\n</table>\n</div>\n");
    }

    private static void AppendEvents(StringBuilder page, LabHistory history, Explanation story, Timeline timeline)
    {
        page.Append("<h2>The events in words</h2>\n<div class=\"scroll\">\n<table class=\"events\">\n<caption>The events of the timeline in order. Lines are physical addresses.</caption>\n")
            .Append("<thead><tr><th scope=\"col\" class=\"number\">time</th><th scope=\"col\">core</th><th scope=\"col\">event</th><th scope=\"col\">line</th>")
            .Append("<th scope=\"col\">ordered by</th></tr></thead>\n<tbody>\n");
        foreach (TimelineRow row in timeline.Rows)
        {
            if (row.Index < 0)
            {
                page.Append(CultureInfo.InvariantCulture, $"<tr class=\"absent\"><td></td><td>{EventText.Core(row.Core)}</td><td>missing: {Markup.Escape(row.Missing)}</td><td></td><td></td></tr>\n");
                continue;
            }

            LabEvent happened = history[row.Index];
            string line = happened.Line == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"0x{happened.Line:x}");
            page.Append(row.Index == story.Fetch ? "<tr class=\"stale\">" : "<tr>")
                .Append(CultureInfo.InvariantCulture, $"<td class=\"number\">{happened.Time}</td><td>{EventText.Core(happened.Core)}</td><td>{Markup.Escape(EventText.Of(happened))}</td><td>{line}</td><td>")
                .Append(Markup.Escape(OrderOf(history, story, row.Index))).Append("</td></tr>\n");
        }

        page.Append("</tbody>\n</table>\n</div>\n");
    }

    private static string OrderOf(LabHistory history, Explanation story, int index)
    {
        List<string> orders = [];
        foreach (ChainLink link in story.Chain)
        {
            if (link.To == index)
            {
                string time = history[link.From].Time.ToString(CultureInfo.InvariantCulture);
                orders.Add(link.IsMissing ? $"nothing after {time}: {link.Label} is missing" : $"{link.Label} (after {time})");
            }
        }

        return string.Join("; ", orders);
    }
}
