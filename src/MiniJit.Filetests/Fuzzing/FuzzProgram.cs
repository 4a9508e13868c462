using System.Collections.Generic;
using System.Text;
using MiniJit.IR;

namespace MiniJit.Filetests.Fuzzing;

/// <summary>Functions that call each other; the first is called from outside.</summary>
/// <param name="Functions">The functions, which the verifier accepts.</param>
/// <param name="ArgumentSeed">What the arguments of its calls follow from.</param>
internal sealed record FuzzProgram(IReadOnlyList<Function> Functions, ulong ArgumentSeed)
{
    /// <summary>The function that is called.</summary>
    public Function Entry => Functions[0];

    /// <summary>A program of its own functions, to be changed.</summary>
    public FuzzProgram Copy()
    {
        Function[] copies = new Function[Functions.Count];
        for (int i = 0; i < copies.Length; i++)
        {
            copies[i] = new(default);
            copies[i].CopyFrom(Functions[i]);
        }

        return this with { Functions = copies };
    }

    /// <summary>The program as CLIF.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        foreach (Function function in Functions)
        {
            text.Append(Printer.Print(function)).Append('\n');
        }

        return text.ToString();
    }
}
