// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleLog} from "../MerkleLog.sol";
import {Logs} from "./Logs.sol";

/// @title How the head of a log moves
/// @dev One rule behind two forms of the call: `anchor` for whoever writes or reads it by hand, `anchorBatch` for the
/// engine that pays for every byte.
abstract contract Anchors is Logs {
    /// @dev Where the models of a packed batch start: after the selector, log id, root, size and number of models.
    uint256 private constant PACKED_MODELS = 78;

    /// @notice Moves a log's head to `size` leaves with root `root`.
    /// @param consistencyProof Proves that the current head is a prefix of the new one (RFC 9162 section 2.1.4).
    /// @param modelVersions The registered models whose detections are among the added leaves.
    /// @param counts How many detections of each. Other kinds of record make the difference to the leaves added.
    /// @dev The current head again is a no-op that succeeds, so a retry is safe. A revoked model may still be named:
    /// its earlier detections must be able to reach the chain, and the event is how an auditor finds them.
    function anchor(
        bytes32 logId,
        uint64 size,
        bytes32 root,
        bytes32[] calldata consistencyProof,
        bytes32[] calldata modelVersions,
        uint32[] calldata counts
    ) external {
        if (modelVersions.length != counts.length) revert CountsMismatch(modelVersions.length, counts.length);
        (uint256 proof, uint256 proofEnd) = MerkleLog.boundsOf(consistencyProof);
        uint256 added = _moveHead(logId, size, root, proof, proofEnd);
        if (added == 0) return;
        uint256 counted = _announceAll(logId, size, root, modelVersions, counts);
        if (counted > added) revert CountsExceedBatch(counted, added);
    }

    /// @notice `anchor` with its arguments packed behind the selector: log id (32 bytes), root (32), size (8), number of
    /// models (2), then of each model its version (32) and count (4), then the consistency proof (32 each).
    /// @dev The same, 2,300 gas cheaper: no padding, offsets and lengths to pay for, and no code to decode them.
    function anchorBatch() external {
        bytes32 logId;
        bytes32 root;
        uint256 size;
        uint256 proof;
        bool isWhole;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            logId := calldataload(4)
            root := calldataload(36)
            let word := calldataload(68)
            size := shr(192, word)
            proof := add(PACKED_MODELS, mul(36, and(shr(176, word), 0xffff)))
            // What is left for the proof: whole hashes, and not less than nothing, which would be a huge number.
            let rest := sub(calldatasize(), proof)
            isWhole := iszero(or(and(rest, 31), shr(64, rest)))
        }
        if (!isWhole) revert BatchMalformed(msg.data.length);
        uint256 added = _moveHead(logId, size, root, proof, msg.data.length);
        if (added == 0) return;
        if (proof == PACKED_MODELS) return _announce(logId, size, root, 0, 0);
        bytes32 topic = Anchored.selector;
        uint256 counted = 0;
        uint256 model = PACKED_MODELS;
        do {
            bytes32 modelVersion;
            uint256 count;
            // At most 65,535 counts of 32 bits: the sum cannot overflow.
            // solhint-disable-next-line no-inline-assembly
            assembly ("memory-safe") {
                modelVersion := calldataload(model)
                count := shr(224, calldataload(add(model, 32)))
                counted := add(counted, count)
                model := add(model, 36)
            }
            _requireNamed(modelVersion, count);
            // `_announce` without the jump there and back.
            // solhint-disable-next-line no-inline-assembly
            assembly ("memory-safe") {
                mstore(0x00, size)
                mstore(0x20, count)
                log4(0x00, 0x40, topic, logId, modelVersion, root)
            }
        } while (model != proof);
        if (counted > added) revert CountsExceedBatch(counted, added);
    }

    /// @dev Checks that the log grows from its head and makes (size, root) the head. The proof is the hashes in the
    /// calldata from `proof` to `proofEnd`. Returns the number of leaves added, 0 when that is the head already.
    function _moveHead(
        bytes32 logId,
        uint256 size,
        bytes32 root,
        uint256 proof,
        uint256 proofEnd
    ) private returns (uint256 added) {
        Log storage log = _logs[logId];
        uint256 packed;
        bytes32 headRoot;
        // The two slots of a head, each read once: Solidity would read the first again for each of its fields.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            packed := sload(log.slot)
            headRoot := sload(add(log.slot, 1))
        }
        if (uint160(packed) != uint160(msg.sender)) _refuse(log, logId);
        uint256 headSize = uint64(packed >> 160);
        if (size <= headSize) {
            if (size < headSize) revert HeadWouldShrink(logId, uint64(headSize), uint64(size));
            if (root == headRoot) return 0;
            revert HeadWouldFork(logId, uint64(headSize), uint64(size), root);
        }
        // Every log continues the empty one, and needs no proof of it.
        bool isContinued = headSize == 0
            ? proof == proofEnd
            : MerkleLog.isContinued(headSize, size, headRoot, root, proof, proofEnd);
        if (!isContinued) revert HeadWouldFork(logId, uint64(headSize), uint64(size), root);
        // And each written once, without being read again. The key stays who it is: the sender.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            sstore(log.slot, or(or(caller(), shl(160, size)), shl(224, timestamp())))
            sstore(add(log.slot, 1), root)
            added := sub(size, headSize)
        }
    }

    function _announceAll(
        bytes32 logId,
        uint64 size,
        bytes32 root,
        bytes32[] calldata modelVersions,
        uint32[] calldata counts
    ) private returns (uint256 counted) {
        uint256 length = modelVersions.length;
        if (length == 0) _announce(logId, size, root, 0, 0);
        // A sum of 2^32 counts of 32 bits would not fit into the calldata, let alone overflow.
        unchecked {
            for (uint256 i = 0; i < length; ++i) {
                uint256 count = counts[i];
                _requireNamed(modelVersions[i], count);
                _announce(logId, size, root, modelVersions[i], count);
                counted += count;
            }
        }
    }

    /// @dev `emit Anchored(logId, modelVersion, root, size, count)`, without what Solidity does to encode two words.
    function _announce(bytes32 logId, uint256 size, bytes32 root, bytes32 modelVersion, uint256 count) private {
        bytes32 topic = Anchored.selector;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(0x00, size)
            mstore(0x20, count)
            log4(0x00, 0x40, topic, logId, modelVersion, root)
        }
    }

    function _requireNamed(bytes32 modelVersion, uint256 count) private view {
        if (count == 0) revert CountIsZero(modelVersion);
        _requireRegistered(modelVersion);
    }
}
