using Xunit;

namespace MiniJit.IR.Tests.Text;

public sealed class DiagnosticTests
{
    [Fact]
    public void A_diagnostic_shows_place_id_message_and_a_caret_excerpt()
    {
        SourceText source = new("demo.clif", "function %f() {\r\n\n\n    v3 = iadd v0, v9\r\n}\n");
        Diagnostic diagnostic = new(new(source, source.Text.IndexOf("v9"), 2), "V012", "'v9' is not defined here");
        Assert.Equal(
            "demo.clif:4:19: error V012: 'v9' is not defined here\n    v3 = iadd v0, v9\n                  ^~",
            diagnostic.Format());
    }

    [Fact]
    public void A_diagnostic_at_the_end_of_the_text_still_has_an_excerpt()
    {
        SourceText source = new("-", "a\nb");
        Assert.Equal("-:2:2: error P001: m\nb\n ^", new Diagnostic(new(source, 3, 0), "P001", "m").Format());
    }

    [Fact]
    public void Sorting_orders_by_place_and_keeps_reports_of_one_place_in_order()
    {
        SourceText source = new("-", "abc");
        DiagnosticBag bag = new();
        bag.Add(new(new(source, 2, 1), "P001", "x"));
        bag.Add(new(new(source, 1, 1), "P002", "y"));
        bag.Add(new(new(source, 1, 1), "P003", "z"));
        bag.Sort();
        Assert.Equal(["P002", "P003", "P001"], [bag.Items[0].Id, bag.Items[1].Id, bag.Items[2].Id]);
    }
}
