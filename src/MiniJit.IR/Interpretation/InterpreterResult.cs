using System;

namespace MiniJit.IR.Interpretation;

/// <summary>How an interpreted call ended.</summary>
internal enum InterpreterResultKind : byte
{
    /// <summary>It returned.</summary>
    Returned,

    /// <summary>It trapped.</summary>
    Trapped,

    /// <summary>It ran longer than it was allowed to.</summary>
    OutOfFuel,

    /// <summary>It reached something that the interpreter does not do.</summary>
    Unsupported,
}

/// <summary>What came of an interpreted call.</summary>
internal sealed class InterpreterResult
{
    private InterpreterResult(InterpreterResultKind kind, DataValue[] values, TrapCode trapCode, Function? function, Inst inst, string message)
    {
        Kind = kind;
        Values = values;
        TrapCode = trapCode;
        Function = function;
        Inst = inst;
        Message = message;
    }

    /// <summary>How it ended.</summary>
    public InterpreterResultKind Kind { get; }

    /// <summary>The returned values, if it returned.</summary>
    public DataValue[] Values { get; }

    /// <summary>The code of the trap, if it trapped.</summary>
    public TrapCode TrapCode { get; }

    /// <summary>The function that was executing, if it did not return; null if none was entered.</summary>
    public Function? Function { get; }

    /// <summary>The instruction at which it ended, or none.</summary>
    public Inst Inst { get; }

    /// <summary>What was not supported, or more about a trap; may be empty.</summary>
    public string Message { get; }

    /// <summary>Whether it returned.</summary>
    public bool IsReturned => Kind == InterpreterResultKind.Returned;

    public static InterpreterResult Returned(DataValue[] values) => new(InterpreterResultKind.Returned, values, default, null, default, "");

    public static InterpreterResult Trapped(TrapCode code, Function? function, Inst inst, string message = "") =>
        new(InterpreterResultKind.Trapped, [], code, function, inst, message);

    public static InterpreterResult OutOfFuel(Function? function, Inst inst) => new(InterpreterResultKind.OutOfFuel, [], default, function, inst, "");

    public static InterpreterResult Unsupported(string message, Function? function = null, Inst inst = default) =>
        new(InterpreterResultKind.Unsupported, [], default, function, inst, message);

    /// <summary>One line: the values as run directives write them, or what went wrong and where.</summary>
    public override string ToString()
    {
        string place = Function is null ? "" : Inst.IsNone ? $" in {Function.Name}" : $" at {Function.Name} {Inst} ({Function.Dfg[Inst].Opcode.Info().Name})";
        string more = Message.Length == 0 ? "" : $": {Message}";
        return Kind switch
        {
            InterpreterResultKind.Returned => DataValue.Format(Values),
            InterpreterResultKind.Trapped => $"trap {TrapCode}{place}{more}",
            InterpreterResultKind.OutOfFuel => $"out of fuel{place}",
            _ => $"not supported by the interpreter{place}{more}",
        };
    }
}
