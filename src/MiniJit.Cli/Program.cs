// `minijit`: arguments in, text out. Start-up matters, so the ways in that need no parsing of arguments come first: a worker process
// of a run, and `--version`. A test run starts its worker before anything else; it comes up while this process reads
// the command line and looks for the files.
using System;
using System.Diagnostics;
using MiniJit.Filetests.Fuzzing;
using MiniJit.Filetests.Running;
using MiniJit.Filetests.Tools;
using MiniJit.IR;

namespace MiniJit.Cli;

internal static class Program
{
    private static int Main(string[] args)
    {
        if (args is [Worker.Command, string pipe])
        {
            return Worker.Run(pipe);
        }

        if (args is [FuzzWorkerProcess.Command, string answers])
        {
            return Worker.Fuzz(answers);
        }

        if (args is ["--version"])
        {
            Console.Out.WriteLine($"minijit {Version}");
            return ExitCode.Success;
        }

        WorkerProcess? worker = TestCommand.WillNeedWorker(args) ? WorkerProcess.Start() : null;
        try
        {
            return CommandLine.Run(args, worker);
        }
        catch (CompilerBugException e)
        {
            Console.Error.WriteLine($"minijit: internal error: {e.Message}");
            return ExitCode.Internal;
        }
        catch (Exception e) when (!Debugger.IsAttached)
        {
            // No exception gets here from anything that users may do. Where it came from is what a report of the defect needs.
            string place = e.StackTrace?.Split('\n')[0].Trim() ?? "";
            Console.Error.WriteLine($"minijit: internal error: {e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")} ({place})");
            return ExitCode.Internal;
        }
        finally
        {
            worker?.KillIfIdle();
        }
    }

    /// <summary>The product's version.</summary>
    public static string Version => typeof(Program).Assembly.GetName().Version?.ToString(3) ?? "";
}
