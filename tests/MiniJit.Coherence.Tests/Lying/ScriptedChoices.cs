using System;
using System.Collections.Generic;
using MiniJit.Coherence.Choices;

namespace MiniJit.Coherence.Tests.Lying;

/// <summary>Deviates where a test says so: always the same way for a kind, until told otherwise.</summary>
internal sealed class ScriptedChoices : ChoiceSource
{
    private readonly Dictionary<(ChoiceKind Kind, int Core), int> _values = [];

    /// <summary>For all cores that are not mentioned themselves.</summary>
    public const int AnyCore = int.MinValue;

    public void Set(ChoiceKind kind, int value, int core = AnyCore) => _values[(kind, core)] = value;

    public override int Choose(ChoiceKind kind, int core, int count)
    {
        int value = _values.TryGetValue((kind, core), out int own) ? own : _values.GetValueOrDefault((kind, AnyCore));
        return Math.Min(value, count - 1);
    }
}
