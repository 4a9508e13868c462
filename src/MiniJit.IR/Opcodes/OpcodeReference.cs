// Prints docs/opcodes.md from the opcode table; a test compares the two.
using System;
using System.IO;

namespace MiniJit.IR;

/// <summary>The reference page of all instructions.</summary>
public static class OpcodeReference
{
    private static readonly string[] s_intro =
    [
        "# Opcodes",
        "",
        "Generated from the opcode table (`src/MiniJit.IR/Opcodes/OpcodeTable.cs`); change that, then write this page anew.",
        "",
        "**T** is the controlling type. A set names lane types and, where vectors are members, how many lanes they may have; `dynamic` adds vectors",
        "whose size is known at run time only. A type after the mnemonic (`iconst.i32`) is",
        "",
        "* *never* written where there is no T,",
        "* *always* written where T is the type of the first result,",
        "* written where the type of the named operand (counted from 0) is not at hand otherwise.",
        "",
        "Operands and results: `T` is that type, `lane_of(T)` and the like derive from it, `ADDR` is i32 or i64, `SINT` and `SFLOAT` are scalars, `INT` and",
        "`FLOAT` have as many lanes as T, `VEC` is a fixed vector, `ANY` is anything.",
        "",
        "| opcode | operands -> results | T | type written | format | effects |",
        "|---|---|---|---|---|---|",
    ];

    /// <summary>Writes the page, in Markdown, with line feeds.</summary>
    public static void Write(TextWriter output)
    {
        foreach (string line in s_intro)
        {
            WriteLine(output, line);
        }

        foreach (OpcodeInfo info in OpcodeTable.Rows[1..])
        {
            string types = info.IsPolymorphic ? Code(info.ControllingTypes.ToString()) : "";
            string shape = info.Shape.Length == 0 ? "" : Code(info.Shape);
            WriteLine(output, $"| `{info.Name}` | {shape} | {types} | {SuffixText(info.Suffix)} | {info.Format} | {EffectText(info.Traits)} |");
        }
    }

    private static void WriteLine(TextWriter output, string line)
    {
        output.Write(line);
        output.Write('\n');
    }

    private static string Code(string text) => $"`{text}`";

    private static string SuffixText(TypeSuffix suffix) => suffix.Kind switch
    {
        TypeSuffixKind.Forbidden => "never",
        TypeSuffixKind.Mandatory => "always",
        _ => $"unless operand {suffix.DecidingOperand} tells",
    };

    private static string EffectText(OpcodeTraits traits)
    {
        string text = "";
        foreach ((OpcodeTraits trait, string word) in (ReadOnlySpan<(OpcodeTraits, string)>)
        [
            (OpcodeTraits.Terminator, "terminator"), (OpcodeTraits.Branch, "branch"), (OpcodeTraits.Return, "leaves"), (OpcodeTraits.Call, "call"),
            (OpcodeTraits.ReadsMemory, "reads"), (OpcodeTraits.WritesMemory, "writes"), (OpcodeTraits.CanTrap, "traps"),
            (OpcodeTraits.OtherSideEffect, "effect"), (OpcodeTraits.Idempotent, "idempotent"), (OpcodeTraits.Commutative, "commutative"),
        ])
        {
            if ((traits & trait) != 0)
            {
                text += text.Length == 0 ? word : ", " + word;
            }
        }

        return text;
    }
}
