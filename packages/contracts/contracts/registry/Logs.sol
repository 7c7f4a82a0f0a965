// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleLog} from "../MerkleLog.sol";
import {Models} from "./Models.sol";

/// @title Logs whose heads only ever grow
/// @dev The attack: whoever runs a log, or steals its keys, rewrites it and publishes a new root. Here the contract
/// itself checks, from the head it stored, that the new log has the old one as a prefix. A key therefore buys the right
/// to append and nothing else: no caller, no role and no key can anchor a fork or a rollback.
abstract contract Logs is Models {
    bytes32 private constant ROTATION_TYPEHASH =
        keccak256(
            "KeyRotation(bytes32 logId,address newKey,bytes32 newCheckpointKey,uint256 nonce,uint256 deadline)"
        );

    /// @notice How long a key rotation stands announced before it can be completed.
    uint64 public immutable rotationDelaySeconds;

    mapping(bytes32 logId => Log) internal _logs;
    mapping(bytes32 logId => Rotation) private _rotations;

    /// @dev A call to a precompile that a chain lacks succeeds and writes nothing: proofs would be judged by stale hashes.
    constructor(uint64 delaySeconds) {
        if (sha256("") != MerkleLog.EMPTY_ROOT) revert Sha256Missing();
        rotationDelaySeconds = delaySeconds;
    }

    /// @notice Opens the log with this origin; its id is the SHA-256 of the origin, so no two logs can share one.
    /// @param key The account that anchors, and that signs its own replacement.
    /// @param checkpointKey The Ed25519 public key of the log's checkpoints, for auditors to check signatures against.
    /// @param maxSilenceSeconds After this long without a new head, `isStale` holds.
    function openLog(
        string calldata origin,
        address key,
        bytes32 checkpointKey,
        uint32 maxSilenceSeconds
    ) external onlyRole(OPERATOR_ROLE) returns (bytes32 logId) {
        logId = sha256(bytes(origin));
        if (key == address(0)) revert KeyIsZero();
        Log storage log = _logs[logId];
        if (log.openedAt != 0) revert LogAlreadyOpen(logId);
        log.head = Head({key: key, size: 0, anchoredAt: uint32(block.timestamp), root: MerkleLog.EMPTY_ROOT});
        log.checkpointKey = checkpointKey;
        log.openedAt = uint64(block.timestamp);
        log.maxSilenceSeconds = maxSilenceSeconds;
        emit LogOpened(logId, key, checkpointKey, maxSilenceSeconds, origin);
    }

    /// @notice Announces a new key, on the word of the current one. Anybody may send the signature.
    /// @dev The delay is for the theft of a key: the announcement is public, and a guardian can freeze the log before
    /// the thief owns it.
    function scheduleRotation(
        bytes32 logId,
        address newKey,
        bytes32 newCheckpointKey,
        uint256 deadline,
        bytes calldata signature
    ) external {
        Log storage log = _logs[logId];
        _requireLive(log, logId);
        if (newKey == address(0)) revert KeyIsZero();
        Rotation storage rotation = _rotations[logId];
        if (rotation.dueAt != 0) revert RotationPending(logId, rotation.newKey);
        uint64 nonce = log.rotations;
        bytes32 structHash = keccak256(
            abi.encode(ROTATION_TYPEHASH, logId, newKey, newCheckpointKey, uint256(nonce), deadline)
        );
        _requireSignature(log.head.key, structHash, deadline, signature);
        uint64 dueAt = uint64(block.timestamp) + rotationDelaySeconds;
        log.rotations = nonce + 1;
        _rotations[logId] = Rotation({newKey: newKey, dueAt: dueAt, newCheckpointKey: newCheckpointKey});
        emit RotationScheduled(logId, newKey, newCheckpointKey, dueAt);
    }

    /// @notice Withdraws an announced rotation; only the current key may.
    function cancelRotation(bytes32 logId) external {
        Log storage log = _logs[logId];
        if (msg.sender != log.head.key) _refuse(log, logId);
        Rotation storage rotation = _rotations[logId];
        if (rotation.dueAt == 0) revert RotationNotPending(logId);
        emit RotationCancelled(logId, rotation.newKey);
        delete _rotations[logId];
    }

    /// @notice Makes the announced key the log's key. Only the new key may call it, which proves that somebody holds it.
    function completeRotation(bytes32 logId) external {
        Log storage log = _logs[logId];
        _requireLive(log, logId);
        Rotation memory rotation = _rotations[logId];
        if (rotation.dueAt == 0) revert RotationNotPending(logId);
        if (block.timestamp < rotation.dueAt) revert RotationNotDue(logId, rotation.dueAt);
        if (msg.sender != rotation.newKey) revert NotLogKey(logId, msg.sender);
        emit KeyRotated(logId, log.head.key, rotation.newKey, rotation.newCheckpointKey);
        log.head.key = rotation.newKey;
        log.checkpointKey = rotation.newCheckpointKey;
        delete _rotations[logId];
    }

    /// @notice Ends a log for good, by its own key or a guardian. Its head stays readable and can never move again.
    function freezeLog(bytes32 logId, string calldata reason) external {
        Log storage log = _logs[logId];
        _requireLive(log, logId);
        _requireOwnerOrGuardian(log.head.key);
        log.head.key = address(0);
        log.frozenAt = uint64(block.timestamp);
        delete _rotations[logId];
        emit LogFrozen(logId, msg.sender, reason);
    }

    /// @notice The head of a log: what auditors compare a checkpoint with.
    function headOf(bytes32 logId) external view returns (uint64 size, bytes32 root, uint64 anchoredAt) {
        Log storage log = _logs[logId];
        _requireOpen(log, logId);
        return (log.head.size, log.head.root, log.head.anchoredAt);
    }

    /// @notice Everything known of a log; all zero when it was never opened.
    function logOf(bytes32 logId) external view returns (Log memory) {
        return _logs[logId];
    }

    /// @notice The rotation announced for a log; all zero when there is none.
    function rotationOf(bytes32 logId) external view returns (Rotation memory) {
        return _rotations[logId];
    }

    /// @notice Whether a log has been silent for longer than it promised when it was opened.
    function isStale(bytes32 logId) external view returns (bool) {
        Log storage log = _logs[logId];
        _requireOpen(log, logId);
        return block.timestamp > uint256(log.head.anchoredAt) + log.maxSilenceSeconds;
    }

    /// @notice Whether the leaf hash `leaf` stands at `index` in a log of `size` leaves with root `root`.
    function verifyInclusion(
        bytes32 leaf,
        uint64 index,
        uint64 size,
        bytes32 root,
        bytes32[] calldata proof
    ) external view returns (bool) {
        return MerkleLog.verifyInclusion(leaf, index, size, root, proof);
    }

    /// @notice Whether the leaf hash `leaf` stands at `index` under the current head of a log.
    function isInLog(
        bytes32 logId,
        bytes32 leaf,
        uint64 index,
        bytes32[] calldata proof
    ) external view returns (bool) {
        Log storage log = _logs[logId];
        _requireOpen(log, logId);
        return MerkleLog.verifyInclusion(leaf, index, log.head.size, log.head.root, proof);
    }

    /// @notice Whether the log of `size1` leaves with root `root1` is a prefix of the one of `size2` with `root2`.
    function verifyConsistency(
        uint64 size1,
        uint64 size2,
        bytes32 root1,
        bytes32 root2,
        bytes32[] calldata proof
    ) external view returns (bool) {
        return MerkleLog.verifyConsistency(size1, size2, root1, root2, proof);
    }

    function _requireOpen(Log storage log, bytes32 logId) private view {
        if (log.openedAt == 0) revert LogUnknown(logId);
    }

    function _requireLive(Log storage log, bytes32 logId) private view {
        _requireOpen(log, logId);
        if (log.frozenAt != 0) revert LogIsFrozen(logId, log.frozenAt);
    }

    /// @dev Says why the sender is not the key: there is no such log, it is frozen, or somebody else has the key.
    function _refuse(Log storage log, bytes32 logId) internal view {
        _requireLive(log, logId);
        revert NotLogKey(logId, msg.sender);
    }
}
