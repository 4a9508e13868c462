using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.IO.Pipes;
using System.Text;
using System.Threading;

namespace MiniJit.Filetests.Running;

/// <summary>A worker as its supervisor sees it.</summary>
internal sealed class WorkerProcess
{
    /// <summary>
    /// Environment variable: the words of a command that starts programs of this architecture, where the system does not do so by itself, like
    /// <c>qemu-aarch64 -L /usr/aarch64-linux-gnu</c>.
    /// </summary>
    private const string Launcher = "MINIJIT_LAUNCHER";

    private const int SignalBase = 128, MaxErrors = 1 << 14;
    private const int DrainMilliseconds = 2000;
    private readonly Process _process;
    private readonly AnonymousPipeServerStream _pipe;
    private readonly Thread _errorReader;
    private readonly StringBuilder _errors = new();
    private bool _ordered;

    private WorkerProcess(Process process, AnonymousPipeServerStream pipe)
    {
        _process = process;
        _pipe = pipe;
        _errorReader = new(ReadErrors) { Name = "worker's standard error", IsBackground = true };
    }

    /// <summary>The program to start as a worker, and arguments that go before the worker's own. Set by hosts that are not <c>minijit</c> themselves.</summary>
    public static (string Program, string[] Arguments) Command { get; set; } = OwnCommand();

    /// <summary>Where the worker reads what it is to do.</summary>
    public Stream Input => _process.StandardInput.BaseStream;

    /// <summary>Where it answers.</summary>
    public Stream Output => _pipe;

    /// <summary>Starts a worker, which waits for its order.</summary>
    /// <param name="command">What kind of worker.</param>
    public static WorkerProcess Start(string command = Worker.Command)
    {
        AnonymousPipeServerStream pipe = new(PipeDirection.In, HandleInheritability.Inheritable);
        ProcessStartInfo start = new(Command.Program) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardError = true };
        foreach (string argument in Command.Arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.ArgumentList.Add(command);
        start.ArgumentList.Add(pipe.GetClientHandleAsString());
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";   // a crash here is a test result
        Process process = Process.Start(start) ?? throw new InvalidOperationException($"cannot start {Command.Program}");
        pipe.DisposeLocalCopyOfClientHandle();
        WorkerProcess worker = new(process, pipe);
        worker._errorReader.Start();
        return worker;
    }

    /// <summary>Gives the worker its order and passes its messages on until it has finished or died.</summary>
    /// <returns>Whether it said that it has finished.</returns>
    public bool Pump(WorkOrder order, IRunEvents events)
    {
        _ordered = true;
        try
        {
            using (Stream input = _process.StandardInput.BaseStream)
            {
                order.Write(input);
            }
        }
        catch (IOException)
        {
            // It died before it had read everything; the pipe and the exit code say how.
        }

        return new MessageReader(_pipe).Pump(events);
    }

    /// <summary>Ends the worker if it never got an order.</summary>
    public void KillIfIdle()
    {
        if (!_ordered)
        {
            Kill();
            WaitForEnd();
        }
    }

    /// <summary>Ends the worker now.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has just ended by itself.
        }
    }

    /// <summary>Waits until the process is gone and says how it ended.</summary>
    public string WaitForEnd()
    {
        if (!_process.WaitForExit(DrainMilliseconds))
        {
            Kill();
            _process.WaitForExit();
        }

        _errorReader.Join();
        int code = _process.ExitCode;
        _pipe.Dispose();
        _process.Dispose();
        return code > SignalBase && !OperatingSystem.IsWindows()
            ? $"was killed by {SignalName(code - SignalBase)}"
            : $"ended with exit code {code}";
    }

    /// <summary>What it wrote to standard error; complete once it has ended.</summary>
    public string Errors => _errors.ToString();

    private void ReadErrors()
    {
        char[] buffer = new char[1024];
        for (int read; (read = _process.StandardError.Read(buffer)) > 0;)
        {
            _errors.Append(buffer, 0, Math.Max(0, Math.Min(read, MaxErrors - _errors.Length)));
        }
    }

    private static string SignalName(int signal) => signal switch
    {
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        15 => "SIGTERM",
        _ => $"signal {signal}",
    };

    // `minijit …`, or `dotnet minijit.dll …` where the program is run by its host; behind the launcher, if there is one.
    private static (string Program, string[] Arguments) OwnCommand()
    {
        string program = Environment.ProcessPath ?? "minijit";
        List<string> words = [.. (Environment.GetEnvironmentVariable(Launcher) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries), program];
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
        {
            words.Add(Environment.GetCommandLineArgs()[0]);
        }

        return (words[0], [.. words.GetRange(1, words.Count - 1)]);
    }
}
