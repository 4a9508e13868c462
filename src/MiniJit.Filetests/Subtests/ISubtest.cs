using System;
using MiniJit.IR;

namespace MiniJit.Filetests.Subtests;

/// <summary>What has to be there before a subtest runs.</summary>
[Flags]
internal enum SubtestNeeds : byte
{
    /// <summary>Nothing but the functions.</summary>
    None = 0,

    /// <summary>An instruction set: one test per target of the file.</summary>
    Target = 1,

    /// <summary>All functions of the file must verify first.</summary>
    Verified = 2,

    /// <summary>It changes functions, and gets copies.</summary>
    OwnCopy = 4,
}

/// <summary>What one <c>test</c> line asks for. Immutable; run by many threads at once, each with its own <see cref="SubtestContext"/>.</summary>
internal interface ISubtest
{
    /// <summary>The word behind <c>test</c>.</summary>
    string Name { get; }

    /// <summary>What must be there.</summary>
    SubtestNeeds Needs { get; }

    /// <summary>Tests all functions of a file for one target.</summary>
    Outcome Run(SubtestContext context);
}

/// <summary>A subtest that looks at one function at a time; the first failure ends it.</summary>
internal abstract class FunctionSubtest : ISubtest
{
    public abstract string Name { get; }

    public abstract SubtestNeeds Needs { get; }

    public Outcome Run(SubtestContext context)
    {
        foreach (ParsedFunction function in context.File.Functions)
        {
            Outcome outcome = Run(context, function);
            if (!outcome.IsPassed)
            {
                return outcome.Line != 0 ? outcome : outcome with { Line = function.Span.Line };
            }
        }

        return Outcome.Passed;
    }

    protected abstract Outcome Run(SubtestContext context, ParsedFunction function);
}
