// The form of a listing of machine code, whatever the instruction set: labels before blocks, then a line per instruction with what the
// tables of the code say about it as a comment. Not on the compile path, so it may allocate.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using MiniJit.IR;

namespace MiniJit.Codegen.Emission;

/// <summary>One decoded instruction.</summary>
/// <param name="Offset">From the start of the function.</param>
/// <param name="Length">In bytes.</param>
/// <param name="Text">Assembly; branch targets and constants as labels.</param>
/// <param name="Comment">Trap codes, relocations and constants, or empty.</param>
internal readonly record struct DisassembledLine(int Offset, int Length, string Text, string Comment);

internal static class CodeListing
{
    public static string LabelAt(int offset) => string.Create(CultureInfo.InvariantCulture, $"L{offset:x4}");

    /// <summary>A label line before each jump target, then one line per instruction.</summary>
    public static List<string> Format(CompiledCode code, List<DisassembledLine> lines, bool offsets)
    {
        List<string> text = [];
        foreach (DisassembledLine line in lines)
        {
            if (code.BlockOffsets.BinarySearch(line.Offset) >= 0)
            {
                text.Add(LabelAt(line.Offset) + ":");
            }

            StringBuilder row = new("  ");
            if (offsets)
            {
                row.Append(CultureInfo.InvariantCulture, $"{line.Offset:x4}  ");
            }

            row.Append(line.Text);
            if (line.Comment.Length != 0)
            {
                row.Append(" ; ").Append(line.Comment);
            }

            text.Add(row.ToString());
        }

        return text;
    }

    /// <summary>The trap at an instruction, the relocations inside it and the handlers of the call that it is.</summary>
    public static StringBuilder Notes(CompiledCode code, int offset, int length)
    {
        StringBuilder notes = new();
        foreach (TrapSite trap in code.Traps)
        {
            if (trap.Offset == offset)
            {
                notes.Append("trap: ").Append(trap.Code.ToString());
            }
        }

        foreach (Relocation relocation in code.Relocations)
        {
            if (relocation.Offset >= offset && relocation.Offset < offset + length)
            {
                notes.Append(notes.Length == 0 ? "" : ", ").Append(relocation.Kind.ToString()).Append(' ').Append(relocation.Target.ToString());
                if (relocation.Addend != 0)
                {
                    notes.Append(CultureInfo.InvariantCulture, $" {relocation.Addend:+0;-0}");
                }
            }
        }

        foreach (CallSite site in code.CallSites)
        {
            if (site.ReturnOffset == offset + length && site.HandlerCount != 0)
            {
                AppendHandlers(notes, code.HandlersOf(site));
            }
        }

        return notes;
    }

    private static void AppendHandlers(StringBuilder notes, ReadOnlySpan<ExceptionHandler> handlers)
    {
        string separator = notes.Length == 0 ? "[" : ", [";
        foreach (ExceptionHandler handler in handlers)
        {
            notes.Append(separator).Append(handler.Kind switch
            {
                ExceptionItemKind.Tag => string.Create(CultureInfo.InvariantCulture, $"tag{handler.Tag}: {LabelAt(handler.Offset)}"),
                ExceptionItemKind.Default => $"default: {LabelAt(handler.Offset)}",
                _ => string.Create(CultureInfo.InvariantCulture, $"context sp+{handler.Offset}"),
            });
            separator = ", ";
        }

        notes.Append(']');
    }
}
