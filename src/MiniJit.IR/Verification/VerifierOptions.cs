namespace MiniJit.IR.Verification;

/// <summary>What the verifier knows of the target. <c>default</c> is "no target": rules that need one are then not checked, or forbid what needs it.</summary>
public readonly record struct VerifierOptions
{
    /// <summary>The target's pointer type, or none without a target.</summary>
    public IrType PointerType { get; init; }

    /// <summary>Whether a register is set aside for get_pinned_reg and set_pinned_reg.</summary>
    public bool EnablePinnedReg { get; init; }

    /// <summary>Whether every function has a frame pointer.</summary>
    public bool PreserveFramePointers { get; init; }

    /// <summary>Whether there is a target.</summary>
    public bool HasTarget => !PointerType.IsNone;
}
