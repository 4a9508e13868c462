using System;
using System.Collections.Generic;
using MiniJit.IR.Interpretation;

namespace MiniJit.IR.Tests.Interpretation;

/// <summary>Runs the run directives of a test file in the interpreter: just enough of the test runner to test without it.</summary>
internal static class RunDirectives
{
    /// <summary>Runs a file.</summary>
    /// <param name="text">The file.</param>
    /// <param name="byName">Whether the name in a directive counts (interpret); otherwise the function that the comment belongs to is called (run).</param>
    /// <param name="failures">Receives a line for each directive that does not hold.</param>
    /// <returns>How many directives were run.</returns>
    public static int Run(string text, bool byName, List<string> failures)
    {
        ParsedFile file = Parser.Parse(text);
        if (file.HasErrors)
        {
            failures.Add($"not parsed: {file.Diagnostics.Items[0].Message}");
            return 0;
        }

        Interpreter interpreter = new();
        foreach (ParsedFunction function in file.Functions)
        {
            interpreter.Add(function.Function);
        }

        int count = 0;
        foreach (ParsedFunction function in file.Functions)
        {
            foreach (SourceComment comment in function.Comments)
            {
                string directive = comment.Text.ToString().TrimStart(';').Trim();
                if (directive.StartsWith("run", StringComparison.Ordinal) && (directive.Length == 3 || directive[3] is ':' or ' '))
                {
                    count++;
                    string complaint = RunOne(interpreter, function.Function, byName, directive);
                    if (complaint.Length != 0)
                    {
                        failures.Add($"{directive}: {complaint}");
                    }
                }
            }
        }

        return count;
    }

    private static string RunOne(Interpreter interpreter, Function function, bool byName, string directive)
    {
        if (!directive.Contains(':', StringComparison.Ordinal))
        {
            InterpreterResult bare = interpreter.Invoke(function.Name, []);
            return bare.IsReturned && bare.Values[0] != DataValue.I8(0) ? "" : bare.ToString();
        }

        // %name(args) == values; what follows is a remark.
        string call = directive[(directive.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        int open = call.IndexOf('(', StringComparison.Ordinal), close = call.IndexOf(')', StringComparison.Ordinal);
        int comparison = call.IndexOf("==", close, StringComparison.Ordinal);
        List<string> texts = ValueText.Split(call[(open + 1)..close]);
        DataValue[] args = new DataValue[texts.Count];
        for (int i = 0; i < args.Length; i++)
        {
            args[i] = ValueText.Parse(function.Signature.Params[i].Type, texts[i]);
        }

        InterpreterResult result = interpreter.Invoke(byName ? ExternalName.Symbol(call[1..open].Trim()) : function.Name, args);
        if (!result.IsReturned)
        {
            return result.ToString();
        }

        List<AbiParam> returns = function.Signature.Returns;
        string expected = call[(comparison + 2)..].Split(';')[0].Trim();
        List<string> values = ValueText.Split(returns.Count == 1 ? expected : expected[1..^1]);
        bool equal = values.Count == returns.Count;
        for (int i = 0; equal && i < values.Count; i++)
        {
            equal = result.Values[i] == ValueText.Parse(returns[i].Type, values[i]);
        }

        return equal ? "" : $"got {result}";
    }
}
