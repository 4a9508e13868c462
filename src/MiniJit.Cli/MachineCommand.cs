using System;
using System.CommandLine;
using MiniJit.Filetests.Tools;

namespace MiniJit.Cli;

/// <summary><c>minijit machine</c>.</summary>
internal static class MachineCommand
{
    public static Command Create()
    {
        Argument<string> program = new("program") { Description = "A static AArch64 Linux executable." };
        Argument<string[]> arguments = new("argument") { Description = "What the program gets; behind '--' also what looks like an option.", Arity = ArgumentArity.ZeroOrMore };
        Option<bool> stats = new("--stats") { Description = "Report how many instructions were executed, and how fast." };
        Option<long> budget = new("--max-instructions") { Description = "Stop after so many instructions, with exit code 124.", HelpName = "n" };
        Command command = new("machine", "Run a program on the simulated AArch64 machine.") { program, arguments, stats, budget };
        command.SetAction(parsed => MachineTools.Run(
            parsed.GetValue(program)!, parsed.GetValue(arguments) ?? [], parsed.GetValue(stats), parsed.GetValue(budget), Console.Error));
        return command;
    }
}
