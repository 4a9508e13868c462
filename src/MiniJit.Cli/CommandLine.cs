using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.IO;
using System.Text;
using MiniJit.Filetests.Running;
using MiniJit.Filetests.Tools;

namespace MiniJit.Cli;

/// <summary>All commands and what becomes of a command line.</summary>
internal static class CommandLine
{
    private const string Examples = """

        Examples:
          minijit test filetests/                          run all tests below a directory, in parallel
          minijit test 'filetests/**/*div*.clif' -v        files by glob; list every test
          minijit test filetests/ --test run --target x86_64 --report junit=out.xml
          minijit test filetests/ --test compile --bless   rewrite the expected machine code
          minijit fuzz --seconds 60                        random functions on all engines, against the interpreter
          minijit run program.clif                         compile for this machine and carry out the run commands
          minijit compile --show vcode,disasm --opt speed program.clif
          minijit compile --target 'aarch64 has_lse' --show disasm - < program.clif

        Exit codes: 0 success, 1 a test failed or an input is wrong, 2 the command line is wrong, 3 internal error.
        Completion: the directive [suggest] writes what can follow a command line.

        """;

    /// <summary>Carries out a command line.</summary>
    public static int Run(string[] args, WorkerProcess? worker)
    {
        RootCommand root = new("MiniJit: compiles, runs and tests functions in CLIF.");
        root.Add(new TestCommand().Create(worker));
        root.Add(new FuzzCommand().Create());
        FileCommands.AddTo(root);
        root.Add(MachineCommand.Create());
        root.Add(LabCommand.Create());
        root.Add(DoctorCommand.Create());
        root.Add(StressCommand.Create(args));
        foreach (Option option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction } help)
            {
                help.Action = new HelpWithExamples((HelpAction)help.Action, Examples);
            }
        }

        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (ParseError error in parsed.Errors)
            {
                Console.Error.WriteLine($"minijit: {InOneLine(error.Message)}");
            }

            string command = "minijit";
            for (SymbolResult? at = parsed.CommandResult; at is CommandResult { Command: not RootCommand } result; at = at.Parent)
            {
                command = command.Insert("minijit".Length, $" {result.Command.Name}");
            }

            Console.Error.WriteLine($"Try '{command} --help'.");
            return ExitCode.Usage;
        }

        return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }

    // The parser lists values on lines of their own, and it speaks of types of the CLR.
    private static string InOneLine(string message)
    {
        string line = string.Join(' ', message.Split((char[])['\r', '\n', '\t', ' '], StringSplitOptions.RemoveEmptyEntries));
        return line
            .Replace("as expected type 'System.Int32'", $"as a number up to {int.MaxValue}", StringComparison.Ordinal)
            .Replace("as expected type 'System.UInt64'", $"as a number up to {ulong.MaxValue}", StringComparison.Ordinal);
    }
}
