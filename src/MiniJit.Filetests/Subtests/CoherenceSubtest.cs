using System;
using System.Globalization;
using MiniJit.Codegen;
using MiniJit.Codegen.Settings;
using MiniJit.Filetests.Lab;

namespace MiniJit.Filetests.Subtests;

/// <summary>
/// <c>test coherence</c>: the file's functions are published and its run commands carried out on a machine whose caches lie, again and again, and it is a property
/// of plan, machine and system whether that goes well.
/// </summary>
internal sealed class CoherenceSubtest(CoherenceOptions options) : ISubtest
{
    public string Name => "coherence";

    public SubtestNeeds Needs => SubtestNeeds.Target | SubtestNeeds.Verified;

    public Outcome Run(SubtestContext context)
    {
        SuiteCompiler compiler = context.Workspace.Suites;
        if (context.Case.Target!.Triple.Architecture != TargetArchitecture.Arm64 || compiler.TargetOf(context.Case.Target) is not Target target)
        {
            return Outcome.Failed("test coherence is about aarch64");
        }

        if (!compiler.TryCompile(context.File.Source.Path, context.File, target, out SuiteFile? file, out string problem))
        {
            return Outcome.Failed(problem);
        }

        if (file!.Commands.Length == 0)
        {
            return Outcome.Failed(problem.Length == 0 ? "there are no run commands" : $"the lab cannot run this file: {problem}");
        }

        SuiteImage image = SuiteImage.Of([file]);
        SuiteResult truth = SuiteRun.Calibrate(image);
        if (!truth.IsGood)
        {
            return Outcome.Failed($"fails without any lies: {truth.Failures[0]}");
        }

        SuiteTotals totals = new();
        SuiteFailure? first = null;
        for (int run = 0; run < options.Runs; run++)
        {
            ulong seed = options.Seed + (ulong)run;
            SuiteResult result = SuiteRun.Run(image, options.Suite, options.Suite.ChoicesOf(seed));
            totals.Add(result, seed);
            first ??= result.IsGood ? null : result.Failures[0];
            foreach (SuiteFailure failure in result.Failures)
            {
                totals.Symptoms[(int)failure.Symptom]++;
            }
        }

        return Judge(totals, first);
    }

    private Outcome Judge(SuiteTotals totals, SuiteFailure? first)
    {
        CoherenceExpectation expect = options.Expect;
        if (first is null)
        {
            return expect.MustFail ? Outcome.Failed($"expected {expect.Name}, but none of {totals.Runs} runs failed") : Outcome.Passed;
        }

        if (!expect.MustFail)
        {
            return Outcome.Failed(string.Create(
                CultureInfo.InvariantCulture, $"expected {expect.Name}, but {totals.FailedRuns} of {totals.Runs} runs failed, that of seed {totals.FirstFailure} first: {first}"));
        }

        int most = 0;
        for (int i = 1; i < totals.Symptoms.Length; i++)
        {
            most = totals.Symptoms[i] > totals.Symptoms[most] ? i : most;
        }

        return expect.Symptom is null || (int)expect.Symptom == most
            ? Outcome.Passed
            : Outcome.Failed(string.Create(
                CultureInfo.InvariantCulture,
                $"expected {expect.Name}, but most failures are: {SuiteFailure.NameOf((LabSymptom)most)} ({totals.Symptoms[most]}; {SuiteFailure.NameOf(expect.Symptom.Value)}: {totals.Symptoms[(int)expect.Symptom]})"));
    }
}
