using Xunit;

namespace MiniJit.IR.Tests.Text;

internal static class RoundTrip
{
    /// <summary>Reads a file without errors, prints each function, reads that and prints it again: the same text.</summary>
    public static void Check(string text, string path)
    {
        ParsedFile file = Parser.Parse(text, path);
        Assert.False(file.HasErrors, file.Diagnostics.ToString());
        Assert.True(file.Functions.Count > 0, path + " has no functions");
        foreach (ParsedFunction parsed in file.Functions)
        {
            string printed = Printer.Print(parsed.Function);
            if (parsed.Function.DynamicTypes.Length > 0)
            {
                continue;                                      // the language has no text for them (section 9)
            }

            ParsedFile again = Parser.Parse(printed, path + " (printed)");
            Assert.False(again.HasErrors, again.Diagnostics.ToString());
            Assert.Equal(printed, Printer.Print(again.Functions[0].Function));
        }
    }
}
