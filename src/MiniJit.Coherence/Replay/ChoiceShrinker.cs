// Takes back choices of a failing run as long as it fails in the same way: whole kinds and cores first, then halves, quarters and so on, then one
// by one until none can be taken back (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002: the result is
// 1-minimal). What a run does not ask for any more is gone at once, which is most of it. The same start gives the same result.
using System;
using System.Collections.Generic;
using MiniJit.Coherence.Choices;

namespace MiniJit.Coherence.Replay;

/// <summary>What is left of a run.</summary>
/// <param name="Choices">Those that it needs to fail.</param>
/// <param name="Failure">How it fails.</param>
/// <param name="Runs">How often it was run for that.</param>
/// <param name="IsMinimal">Whether every single choice was tried; otherwise the runs were used up.</param>
internal readonly record struct ShrunkRun(List<RecordedChoice> Choices, LabFailure Failure, int Runs, bool IsMinimal);

internal sealed class ChoiceShrinker
{
    private readonly ILabExperiment _experiment;
    private readonly LabFailure _failure;
    private readonly int _maxRuns;
    private List<RecordedChoice> _choices;
    private int _runs;

    private ChoiceShrinker(ILabExperiment experiment, in LabFailure failure, List<RecordedChoice> choices, int maxRuns)
    {
        _experiment = experiment;
        _failure = failure;
        _choices = choices;
        _maxRuns = maxRuns;
    }

    private bool IsExhausted => _runs >= _maxRuns;

    /// <summary>Records a run; its failure is that of the run, its choices are all that deviated.</summary>
    public static ShrunkRun Record(ILabExperiment experiment, ChoiceSource choices)
    {
        RecordingChoices recording = new(choices, experiment.Cores);
        LabFailure failure = experiment.Run(recording, null);
        return new(recording.Deviations, failure, 1, false);
    }

    /// <summary>Shrinks a failing run.</summary>
    /// <param name="experiment">What is run.</param>
    /// <param name="recorded">How it failed, with which choices.</param>
    /// <param name="maxRuns">How often it may be run; a number and not a time, so that the result is the same everywhere.</param>
    public static ShrunkRun Shrink(ILabExperiment experiment, in ShrunkRun recorded, int maxRuns)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(recorded.Failure.IsNone, true);
        ChoiceShrinker shrinker = new(experiment, recorded.Failure, recorded.Choices, maxRuns);
        shrinker.TakeBackKinds();
        shrinker.TakeBackCores();
        bool isMinimal = shrinker.TakeBackRuns();
        if (shrinker.LowerValues())
        {
            isMinimal = shrinker.TakeBackRuns();
        }

        return new(shrinker._choices, recorded.Failure, shrinker._runs, isMinimal);
    }

    private void TakeBackKinds()
    {
        foreach (ChoiceKind kind in Enum.GetValues<ChoiceKind>())
        {
            TryWithout(choice => choice.Kind == kind);
        }
    }

    private void TakeBackCores()
    {
        for (int core = _experiment.Cores - 1; core >= 0; core--)
        {
            TryWithout(choice => choice.Core == core);
        }
    }

    // Whether in the end each single choice was tried without success.
    private bool TakeBackRuns()
    {
        for (int size = Math.Max(1, _choices.Count / 2); ; size = Math.Max(1, size / 2))
        {
            bool changed = false;
            for (int start = 0; start < _choices.Count;)
            {
                if (IsExhausted)
                {
                    return false;
                }

                List<RecordedChoice> fewer = [.. _choices];
                fewer.RemoveRange(start, Math.Min(size, fewer.Count - start));
                if (Try(fewer))
                {
                    changed = true;
                }
                else
                {
                    start += size;
                }
            }

            if (size == 1 && !changed)
            {
                return true;
            }
        }
    }

    // A choice of 1 deviates least: the version before the newest, the next core.
    private bool LowerValues()
    {
        bool changed = false;
        for (int i = 0; i < _choices.Count && !IsExhausted; i++)
        {
            if (_choices[i].Value > 1)
            {
                List<RecordedChoice> lower = [.. _choices];
                lower[i] = lower[i] with { Value = 1 };
                changed |= Try(lower);
            }
        }

        return changed;
    }

    private void TryWithout(Predicate<RecordedChoice> condition)
    {
        List<RecordedChoice> fewer = [.. _choices];
        if (!IsExhausted && fewer.RemoveAll(condition) > 0)
        {
            Try(fewer);
        }
    }

    // What the run asked for is what it keeps; never more than it was given, and lower values count as fewer.
    private bool Try(List<RecordedChoice> choices)
    {
        _runs++;
        RecordingChoices asked = new(new ReplayedChoices(choices, _experiment.Cores), _experiment.Cores);
        if (!_experiment.Run(asked, null).IsLike(_failure))
        {
            return false;
        }

        _choices = asked.Deviations;
        return true;
    }
}
