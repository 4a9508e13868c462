using System;
using System.IO;
using System.IO.Pipes;
using System.Threading;
using MiniJit.Filetests.Fuzzing;

namespace MiniJit.Filetests.Running;

/// <summary>The process in which tests run. It reads its order from standard input and reports through an inherited pipe, because tested code may print.</summary>
internal static class Worker
{
    /// <summary>First argument of a process that is a worker; the second is the pipe.</summary>
    public const string Command = "@worker";

    /// <summary>Does what the supervisor wants.</summary>
    public static int Run(string pipeHandle)
    {
        using Stream input = Console.OpenStandardInput();
        using AnonymousPipeClientStream pipe = new(PipeDirection.Out, pipeHandle);
        WorkOrder order = WorkOrder.Read(input);
        MessageWriter events = new(pipe, order.WantsSteps);
        ParallelRun.Run(order.Options, order.Items, events);
        events.Finished();
        return 0;
    }

    /// <summary>Answers the questions of a fuzzing run.</summary>
    public static int Fuzz(string pipeHandle)
    {
        using Stream input = Console.OpenStandardInput();
        using AnonymousPipeClientStream pipe = new(PipeDirection.Out, pipeHandle);
        int exit = 0;

        // Compiled code may recurse deeply, and the interpreter with it. Only touched pages cost anything.
        Thread thread = new(() => exit = FuzzWorkerProcess.Serve(input, pipe), ParallelRun.StackSize) { Name = "fuzz" };
        thread.Start();
        thread.Join();
        return exit;
    }
}
