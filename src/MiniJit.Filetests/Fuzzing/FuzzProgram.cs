using System;
using System.Collections.Generic;
using System.Text;
using MiniJit.Filetests.Commands;
using MiniJit.Filetests.Engines;
using MiniJit.IR;
using MiniJit.IR.Interpretation;

namespace MiniJit.Filetests.Fuzzing;

/// <summary>Functions that call each other, and calls of the first of them.</summary>
/// <param name="Functions">The functions, which the verifier accepts.</param>
/// <param name="Calls">The arguments of each call.</param>
internal sealed record FuzzProgram(IReadOnlyList<Function> Functions, IReadOnlyList<DataValue[]> Calls)
{
    /// <summary>Calls that generators make of a program.</summary>
    public const int CallCount = 4;

    /// <summary>The function that is called.</summary>
    public Function Entry => Functions[0];

    /// <summary>A program with random arguments.</summary>
    public static FuzzProgram Create(ulong argumentSeed, params IReadOnlyList<Function> functions)
    {
        SplitMix64 random = new(argumentSeed);
        var calls = new DataValue[CallCount][];
        for (int i = 0; i < calls.Length; i++)
        {
            calls[i] = RandomFunctions.Arguments(random, functions[0].Signature.Params);
        }

        return new(functions, calls);
    }

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    public static FuzzProgram Parse(string text)
    {
        ParsedFile file = Parser.Parse(text);
        List<OwnedCommand> commands = [];
        if (file.HasErrors || !RunCommands.Collect(file, commands).IsPassed || file.Functions.Count == 0)
        {
            throw new ArgumentException($"not a program: {file.Diagnostics}", nameof(text));
        }

        var functions = new Function[file.Functions.Count];
        for (int i = 0; i < functions.Length; i++)
        {
            functions[^(i + 1)] = file.Functions[i].Function;
        }

        return new(functions, commands.ConvertAll(command => command.Command.Arguments));
    }

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

    /// <summary>A call as a command that asks for nothing.</summary>
    public RunCommand Command(int call) => new() { Kind = RunCommandKind.Print, Callee = Entry.Name.ToString(), Arguments = Calls[call] };

    /// <summary>The functions as CLIF, the one that is called last.</summary>
    public string FormatFunctions()
    {
        StringBuilder text = new();
        for (int i = Functions.Count - 1; i >= 0; i--)
        {
            text.Append(Printer.Print(Functions[i])).Append(i > 0 ? "\n" : "");
        }

        return text.ToString();
    }

    /// <summary>The functions as CLIF, followed by the calls.</summary>
    public override string ToString()
    {
        StringBuilder text = new(FormatFunctions());
        for (int i = 0; i < Calls.Count; i++)
        {
            text.Append("; ").Append(Command(i).ToString()).Append('\n');
        }

        return text.ToString();
    }
}
