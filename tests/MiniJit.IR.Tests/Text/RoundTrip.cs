using System;
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
            if (HasCanonicalText(parsed.Function))
            {
                CheckPrinted(parsed.Function, path);
            }
        }
    }

    public static void CheckPrinted(Function function, string origin)
    {
        string printed = Printer.Print(function);
        ParsedFile again = Parser.Parse(printed, "printed");
        Assert.False(again.HasErrors, $"{origin}:\n{again.Diagnostics}\n{printed}");
        Assert.Equal(printed, Printer.Print(again.Functions[0].Function));
    }

    /// <summary>
    /// Two kinds of functions cannot be written so that reading gives them back (language reference, sections 4 and 9): those with
    /// dynamic types, and those where a type suffix contradicted its operand, as suffixes are not kept.
    /// </summary>
    public static bool HasCanonicalText(Function function)
    {
        for (int i = 0; i < function.Dfg.InstCount; i++)
        {
            Inst inst = Inst.FromIndex(i);
            InstructionData data = function.Dfg[inst];
            OpcodeInfo info = data.Opcode.Info();
            if (info.Suffix.Kind == TypeSuffixKind.Optional && Contradicts(function, inst, info, data.Type))
            {
                return false;
            }
        }

        return function.DynamicTypes.IsEmpty;
    }

    private static bool Contradicts(Function function, Inst inst, OpcodeInfo info, IrType type)
    {
        bool contradicts = !info.ControllingTypes.Contains(type);
        ReadOnlySpan<Value> results = function.Dfg.Results(inst);
        for (int i = 0; i < info.Results.Length; i++)
        {
            contradicts |= TypeRules.Resolve(info.Results[i], type) != function.Dfg.TypeOf(results[i]);
        }

        return contradicts;
    }
}
