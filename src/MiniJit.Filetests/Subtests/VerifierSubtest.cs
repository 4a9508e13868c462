using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using MiniJit.IR;

namespace MiniJit.Filetests.Subtests;

/// <summary>
/// <c>test verifier</c>: <c>error:</c> comments and reported errors must correspond one to one, at the same entity, the comment's text being part of
/// the message.
/// </summary>
internal sealed class VerifierSubtest : FunctionSubtest
{
    public override string Name => "verifier";

    public override SubtestNeeds Needs => SubtestNeeds.None;

    protected override Outcome Run(SubtestContext context, ParsedFunction function)
    {
        IReadOnlyList<Diagnostic> errors = context.Verify(function);
        bool[] consumed = new bool[errors.Count];
        StringBuilder report = new();
        bool annotated = false;
        foreach (SourceComment comment in function.Comments)
        {
            if (!Directives.TryTake(comment, "error:", out var expected))
            {
                continue;
            }

            annotated = true;
            int found = -1;
            for (int i = 0; i < errors.Count && found < 0; i++)
            {
                found = !consumed[i] && errors[i].Entity == comment.Entity && errors[i].Message.AsSpan().Contains(expected, StringComparison.Ordinal) ? i : -1;
            }

            if (found >= 0)
            {
                consumed[found] = true;
            }
            else
            {
                report.Append(CultureInfo.InvariantCulture, $"line {comment.Span.Line}: expected error {comment.Entity}: {expected}\n");
            }
        }

        for (int i = 0; i < errors.Count; i++)
        {
            if (!consumed[i])
            {
                report.Append(annotated ? "unexpected error " : "expected no error, but got: ").Append(errors[i]).Append('\n');
            }
        }

        return report.Length == 0 ? Outcome.Passed : Outcome.Failed($"{function.Function.Name}: {report.ToString().TrimEnd('\n')}");
    }
}
