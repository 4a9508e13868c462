// Draws a timeline as SVG: a lane per core, time downwards, a glyph per kind of event, arrows for what orders events, and a dashed one for what
// does not. Shapes and words say everything that colours say.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using MiniJit.Coherence.History;

namespace MiniJit.Coherence.Replay;

internal sealed class TimelineDrawing
{
    private const int TimeWidth = 76, LineHeight = 15, RowPadding = 11, SkipHeight = 20, HeadHeight = 34, TextColumns = 66, CharacterWidth = 7;

    private readonly LabHistory _history;
    private readonly Explanation _story;
    private readonly Timeline _timeline;
    private readonly StringBuilder _svg = new();
    private readonly List<int> _tops = [];                     // middle of the first text line, by row
    private readonly int _laneWidth;
    private readonly int _textLeft;

    private TimelineDrawing(LabHistory history, Explanation story, Timeline timeline)
    {
        _history = history;
        _story = story;
        _timeline = timeline;
        _laneWidth = timeline.Cores.Count <= 4 ? 62 : timeline.Cores.Count <= 8 ? 46 : 36;
        _textLeft = TimeWidth + (_laneWidth * timeline.Cores.Count) + 14;
    }

    /// <summary>The svg element.</summary>
    public static string Of(LabHistory history, Explanation story, Timeline timeline)
    {
        TimelineDrawing drawing = new(history, story, timeline);
        drawing.Draw();
        return drawing._svg.ToString();
    }

    private void Draw()
    {
        List<List<string>> texts = [];
        int y = HeadHeight + 8;
        foreach (TimelineRow row in _timeline.Rows)
        {
            y += row.Skipped > 0 ? SkipHeight : 0;
            List<string> lines = Wrap(TextOf(row));
            texts.Add(lines);
            _tops.Add(y + (LineHeight / 2) + (RowPadding / 2));
            y += (lines.Count * LineHeight) + RowPadding;
        }

        int width = _textLeft + (TextColumns * CharacterWidth), height = y + 12;
        Line($"<svg class=\"timeline\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" style=\"max-width:{width}px\" role=\"img\" aria-labelledby=\"timeline-title timeline-desc\">");
        Line($"<title id=\"timeline-title\">Timeline of the failure, one lane per core, time going down</title>");
        Line($"<desc id=\"timeline-desc\">{Markup.Escape(_story.Sentence)} Every event is in the table below.</desc>");
        Line($"<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"6\" markerHeight=\"6\" orient=\"auto\"><path class=\"head\" d=\"M0 0 L8 4 L0 8 z\"/></marker>");
        Line($"<marker id=\"arrow-missing\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"6\" markerHeight=\"6\" orient=\"auto\"><path class=\"head-missing\" d=\"M0 0 L8 4 L0 8 z\"/></marker></defs>");
        DrawLanes(height);
        DrawBands(texts);
        DrawLinks();
        for (int i = 0; i < _timeline.Rows.Count; i++)
        {
            DrawRow(i, texts[i]);
        }

        Line($"</svg>");
    }

    private void DrawLanes(int height)
    {
        Line($"<text class=\"column\" x=\"{TimeWidth - 18}\" y=\"20\" text-anchor=\"end\">time</text>");
        foreach (int core in _timeline.Cores)
        {
            string name = _laneWidth >= 60 ? EventText.Core(core) : core < 0 ? "sys" : core.ToString(CultureInfo.InvariantCulture);
            Line($"<text class=\"column\" x=\"{X(core)}\" y=\"20\" text-anchor=\"middle\">{name}</text>");
            Line($"<line class=\"lane\" x1=\"{X(core)}\" y1=\"{HeadHeight - 6}\" x2=\"{X(core)}\" y2=\"{height - 6}\"/>");
        }

        Line($"<text class=\"column\" x=\"{_textLeft}\" y=\"20\">{(_laneWidth >= 60 ? "event" : "event (lanes are numbers of cores)")}</text>");
    }

    // The stale fetch and the place of what is missing stand on a band across all lanes.
    private void DrawBands(List<List<string>> texts)
    {
        for (int i = 0; i < _timeline.Rows.Count; i++)
        {
            TimelineRow row = _timeline.Rows[i];
            if (row.Missing.Length != 0 || row.Index == _story.Fetch)
            {
                int top = _tops[i] - (LineHeight / 2) - (RowPadding / 2) + 1;
                Line($"<rect class=\"band\" x=\"4\" y=\"{top}\" width=\"{_textLeft + (TextColumns * CharacterWidth) - 8}\" height=\"{(texts[i].Count * LineHeight) + RowPadding - 2}\" rx=\"4\"/>");
            }
        }
    }

    private void DrawLinks()
    {
        foreach (ChainLink link in _story.Chain)
        {
            int from = _timeline.RowOf(link.From), to = _timeline.RowOf(link.To);
            if (from < 0 || to < 0)
            {
                continue;
            }

            if (link.IsMissing && _timeline.MissingRow >= 0)
            {
                DrawLink(from, _timeline.MissingRow, link, false);
                DrawLink(_timeline.MissingRow, to, link, true);
            }
            else
            {
                DrawLink(from, to, link, true);
            }
        }
    }

    private void DrawLink(int from, int to, in ChainLink link, bool hasHead)
    {
        int x1 = X(_timeline.Rows[from].Core), x2 = X(_timeline.Rows[to].Core), y1 = _tops[from] + 8, y2 = _tops[to] - 9;
        int bow = x1 == x2 && to - from > 1 ? Math.Min(_laneWidth / 3, 8 + (2 * (to - from))) : 0;
        int bend = Math.Max((y2 - y1) / 2, 6);
        string path = string.Create(CultureInfo.InvariantCulture, $"M{x1} {y1} C{x1 - bow} {y1 + bend} {x2 - bow} {y2 - bend} {x2} {y2}");
        string kind = link.IsMissing ? "link missing" : "link";
        string head = !hasHead ? "" : link.IsMissing ? " marker-end=\"url(#arrow-missing)\"" : " marker-end=\"url(#arrow)\"";
        string title = link.IsMissing ? $"missing: {link.Label}" : link.Label;
        Line($"<path class=\"{kind}\" d=\"{path}\"{head}><title>{Markup.Escape(title)}</title></path>");
    }

    private void DrawRow(int number, List<string> text)
    {
        TimelineRow row = _timeline.Rows[number];
        int y = _tops[number], x = X(row.Core);
        if (row.Skipped > 0)
        {
            int skip = y - (LineHeight / 2) - (RowPadding / 2) - (SkipHeight / 2) + 4;
            string events = row.Skipped == 1 ? "1 other event" : string.Create(CultureInfo.InvariantCulture, $"{row.Skipped} other events");
            Line($"<text class=\"skip\" x=\"{_textLeft}\" y=\"{skip}\">{events}</text>");
            Line($"<line class=\"skip\" x1=\"{TimeWidth - 8}\" y1=\"{skip - 4}\" x2=\"{_textLeft - 8}\" y2=\"{skip - 4}\"/>");
        }

        string kind = row.Missing.Length != 0 ? "absent" : row.Index == _story.Fetch ? "stale" : "event";
        Line($"<g class=\"{kind}\">");
        if (row.Index >= 0)
        {
            Line($"<text class=\"time\" x=\"{TimeWidth - 18}\" y=\"{y + 4}\" text-anchor=\"end\">{_history[row.Index].Time}</text>");
        }

        Line($"{(row.Index >= 0 ? Glyph(_history[row.Index], x, y) : $"<circle class=\"ghost\" cx=\"{x}\" cy=\"{y}\" r=\"7\"/>")}");
        for (int i = 0; i < text.Count; i++)
        {
            Line($"<text x=\"{_textLeft}\" y=\"{y + 4 + (i * LineHeight)}\">{Markup.Escape(text[i])}</text>");
        }

        Line($"</g>");
    }

    private string TextOf(in TimelineRow row)
    {
        if (row.Missing.Length != 0)
        {
            return $"missing: {row.Missing}";
        }

        string text = EventText.Of(_history[row.Index]);
        return row.Index == _story.Fetch ? $"stale fetch: {text}" : text;
    }

    private static string Glyph(in LabEvent happened, int x, int y)
    {
        FormattableString shape = happened.Kind switch
        {
            LabEventKind.Store => $"<rect class=\"solid\" x=\"{x - 6}\" y=\"{y - 6}\" width=\"12\" height=\"12\"/>",
            LabEventKind.StoreDone => $"<rect class=\"hollow\" x=\"{x - 4}\" y=\"{y - 4}\" width=\"8\" height=\"8\"/>",
            LabEventKind.Clean => $"<path class=\"solid\" d=\"M{x} {y - 8} l8 8 l-8 8 l-8 -8 z\"/>",
            LabEventKind.CleanDone => $"<path class=\"hollow\" d=\"M{x} {y - 6} l6 6 l-6 6 l-6 -6 z\"/>",
            LabEventKind.Invalidate => $"<path class=\"solid\" d=\"M{x - 8} {y - 6} h16 l-8 13 z\"/>",
            LabEventKind.InvalidateDone => $"<path class=\"hollow\" d=\"M{x - 6} {y - 4} h12 l-6 10 z\"/>",
            LabEventKind.Barrier => $"<rect class=\"solid\" x=\"{x - 12}\" y=\"{y - 3}\" width=\"24\" height=\"6\" rx=\"2\"/>",
            LabEventKind.Synchronize => $"<path class=\"ring\" d=\"M{x + 6} {y - 3} a7 7 0 1 0 1 4 m-1 -4 l1 -5 m-1 5 l-5 0\"/>",
            LabEventKind.Fetch when happened.IsStale => $"<circle class=\"solid\" cx=\"{x}\" cy=\"{y}\" r=\"8\"/><path class=\"cross\" d=\"M{x - 4} {y - 4} l8 8 m0 -8 l-8 8\"/>",
            LabEventKind.Fetch => $"<circle class=\"solid\" cx=\"{x}\" cy=\"{y}\" r=\"5\"/>",
            LabEventKind.FetchAhead => $"<circle class=\"hollow\" cx=\"{x}\" cy=\"{y}\" r=\"6\"/>",
            LabEventKind.Call => $"<path class=\"solid\" d=\"M{x - 5} {y - 7} l12 7 l-12 7 z\"/>",
            LabEventKind.Outcome => $"<path class=\"ring\" d=\"M{x - 6} {y - 6} l12 12 m0 -12 l-12 12\"/>",
            _ => $"<circle class=\"dot\" cx=\"{x}\" cy=\"{y}\" r=\"3\"/>",
        };
        return shape.ToString(CultureInfo.InvariantCulture);
    }

    private static List<string> Wrap(string text)
    {
        List<string> lines = [];
        while (text.Length > TextColumns)
        {
            int space = text.LastIndexOf(' ', TextColumns);
            int cut = space < TextColumns / 2 ? TextColumns : space;
            lines.Add(text[..cut]);
            text = text[cut..].TrimStart();
        }

        lines.Add(text);
        return lines;
    }

    private int X(int core) => TimeWidth + (_laneWidth * _timeline.Cores.IndexOf(core)) + (_laneWidth / 2);

    private void Line(FormattableString line) => _svg.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
