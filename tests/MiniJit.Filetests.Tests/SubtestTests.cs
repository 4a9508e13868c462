using MiniJit.Filetests.Files;
using MiniJit.Filetests.Running;
using MiniJit.Filetests.Subtests;
using MiniJit.IR;
using Xunit;

namespace MiniJit.Filetests.Tests;

/// <summary>Subtests say what they see.</summary>
public sealed class SubtestTests
{
    private const string LoadsTwice = """
        test alias-analysis
        function %f(i64) -> i32 {
        block0(v0: i64):
            v1 = load.i32 v0
            v2 = load.i32 v0
            v3 = iadd v1, v2
            v4 = iconst.i32 1
            return v3
        }
        """;

    private static Outcome Run(string text)
    {
        ParsedFile file = Parser.Parse(text, "t.clif");
        TestCase test = Assert.Single(TestPlan.Create(file).Cases);
        SubtestContext context = new(new FileState(file), test, new Workspace(), new RunOptions(), steps: null);
        return test.Subtest.Run(context);
    }

    [Fact]
    public void Alias_analysis_shows_replaced_loads_as_aliases_and_leaves_the_rest_alone()
    {
        Outcome outcome = Run(LoadsTwice + "\n; check: v1 = load.i32 v0\n; nextln: v2 -> v1\n; nextln: v3 = iadd v1, v1\n; nextln: v4 = iconst.i32 1\n");
        Assert.True(outcome.IsPassed, outcome.Message);
    }

    [Fact]
    public void Alias_analysis_fails_if_the_load_is_expected_to_stay() =>
        Assert.Equal(OutcomeKind.Failed, Run(LoadsTwice + "\n; check: v2 = load.i32\n").Kind);
}
