using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Replay;
using Xunit;

namespace MiniJit.Coherence.Tests.Stories;

public sealed class TimelinePageTests
{
    private static readonly XNamespace s_html = "http://www.w3.org/1999/xhtml", s_svg = "http://www.w3.org/2000/svg";

    [Theory]
    [MemberData(nameof(ExplainerTests.Rules), MemberType = typeof(ExplainerTests))]
    public void Every_claim_of_the_text_is_on_the_page(string rule)
    {
        MissingEvent missing = Enum.Parse<MissingEvent>(rule);
        (StoryHistory history, Explanation story) = ExplainerTests.Tell(missing);
        XElement page = Read(TimelinePage.Of(history.History, story, history.Frame));
        string words = page.Element(s_html + "body")!.Value;
        Assert.Contains(story.Sentence, words, StringComparison.Ordinal);
        foreach ((string name, string value) in ExplanationText.Facts(history.History, story, history.Frame))
        {
            Assert.Contains(name, words, StringComparison.Ordinal);
            Assert.Contains(value, words, StringComparison.Ordinal);
        }

        foreach (ComparedInstruction line in story.Code)
        {
            Assert.Contains(line.Old, words, StringComparison.Ordinal);
            Assert.Contains(line.New, words, StringComparison.Ordinal);
        }

        foreach ((int index, string label) in ExplanationText.Stations(story))
        {
            Assert.Contains(index < 0 ? $"missing: {label}" : EventText.Of(history.History[index]), words, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(ExplainerTests.Rules), MemberType = typeof(ExplainerTests))]
    public void The_missing_edge_is_dashed_and_the_stale_fetch_is_marked(string rule)
    {
        MissingEvent missing = Enum.Parse<MissingEvent>(rule);
        (StoryHistory history, Explanation story) = ExplainerTests.Tell(missing);
        XElement page = Read(TimelinePage.Of(history.History, story, history.Frame));
        Assert.Single(WithClass(page, "g", "stale"));
        Assert.Equal(missing == MissingEvent.Unknown ? 0 : 2, WithClass(page, "path", "link missing").Count);
        Assert.Equal(missing == MissingEvent.Unknown ? 0 : 1, WithClass(page, "g", "absent").Count);
        XElement svg = Single(page.Descendants(s_svg + "svg"));
        Assert.NotNull(svg.Element(s_svg + "title"));
        Assert.Contains(story.Sentence, svg.Element(s_svg + "desc")!.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_cannot_break_out_of_the_page()
    {
        StoryHistory history = new();
        history.Begin().Overwrite();
        history.History.Name(StoryHistory.Address, 64, "%<script>alert(\"&\")</script>\u0001");
        history.Fail();
        Explanation story = history.Explain();
        StoryFrame frame = history.Frame with { Subject = "</title><b>", Command = "minijit lab replay '<&>.lab'" };
        XElement page = Read(TimelinePage.Of(history.History, story, frame));
        Assert.Empty(page.Descendants(s_html + "script"));
        Assert.Empty(page.Descendants(s_html + "b"));
        Assert.Contains("%<script>alert(\"&\")</script>\ufffd", page.Value, StringComparison.Ordinal);
        Assert.Contains("minijit lab replay '<&>.lab'", page.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_needs_nothing_from_elsewhere()
    {
        (StoryHistory history, Explanation story) = ExplainerTests.Tell(MissingEvent.Invalidation);
        string text = TimelinePage.Of(history.History, story, history.Frame);
        Assert.DoesNotContain("src=", text, StringComparison.Ordinal);
        Assert.DoesNotContain("href", text, StringComparison.Ordinal);
        Assert.DoesNotContain("@import", text, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_history_is_cut_to_what_matters_and_says_so()
    {
        StoryHistory history = new();
        history.Begin().Overwrite();
        for (int i = 0; i < 5000; i++)
        {
            history.Fetch(1, 2, 2).Dsb();
            history.Add(2, LabEventKind.Fetch, 0x60_0000, 0xA000, 1, 1);
        }

        Explanation story = history.Clean().CleanDone(2).Dsb().Fail().Explain();
        Timeline timeline = Timeline.Of(history.History, story);
        Assert.InRange(timeline.Rows.Count, 12, 60);
        Assert.Equal([0, 1], timeline.Cores);
        int shown = 0, skipped = 0;
        foreach (TimelineRow row in timeline.Rows)
        {
            shown += row.Index >= 0 ? 1 : 0;
            skipped += row.Skipped;
        }

        Assert.Equal(history.History.Count, shown + skipped);
        Assert.True(timeline.RowOf(story.Store) >= 0 && timeline.RowOf(story.Fetch) > timeline.MissingRow && timeline.MissingRow > 0);
        Assert.Contains("other events", Read(TimelinePage.Of(history.History, story, history.Frame)).Value, StringComparison.Ordinal);
    }

    private static XElement Read(string page)
    {
        XmlReaderSettings settings = new() { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null };
        using XmlReader reader = XmlReader.Create(new StringReader(page), settings);
        return XDocument.Load(reader).Root!;
    }

    private static List<XElement> WithClass(XElement page, string name, string value)
    {
        List<XElement> found = [];
        foreach (XElement element in page.Descendants(s_svg + name))
        {
            if (element.Attribute("class")?.Value == value)
            {
                found.Add(element);
            }
        }

        return found;
    }

    private static XElement Single(IEnumerable<XElement> elements) => Assert.Single(elements);
}
