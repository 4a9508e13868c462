using System;
using System.Collections.Generic;
using System.IO;
using MiniJit.Filetests.Files;
using MiniJit.IR;

namespace MiniJit.Filetests.Running;

/// <summary>A whole run, from paths to results.</summary>
internal static class TestRun
{
    /// <summary>Finds the files and runs them.</summary>
    /// <param name="options">What to run.</param>
    /// <param name="observer">Who watches.</param>
    /// <param name="worker">A worker that was started in advance, or null.</param>
    /// <param name="missing">Receives the paths that name nothing.</param>
    public static ResultBook Run(RunOptions options, IRunObserver observer, WorkerProcess? worker, List<string> missing)
    {
        List<string> files = FileDiscovery.Find(options, missing);
        using Supervisor supervisor = new(options, files, observer);
        return supervisor.Run(worker);
    }

    /// <summary>Writes a line for every test that would be run.</summary>
    public static void List(RunOptions options, TextWriter output, List<string> missing)
    {
        Parser parser = new();
        foreach (string path in FileDiscovery.Find(options, missing))
        {
            TestPlan plan = TestPlan.Create(parser.Read(new SourceText(path, File.ReadAllText(path))));
            if (!plan.Problem.IsPassed)
            {
                output.Write($"{path}: {FileRunner.WholeFile}\n");
            }

            foreach (TestCase testCase in plan.Cases)
            {
                if (FileRunner.IsSelected(options, testCase))
                {
                    output.Write($"{path}: {testCase.Subtest.Name}{(testCase.TargetText.Length == 0 ? "" : " ")}{testCase.TargetText}\n");
                }
            }
        }
    }
}
